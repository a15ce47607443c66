import { TesseraError } from '../tensor/index.js';
import { expectValue, oneOf } from '../tensor/options.js';

/** A cell that cannot be used, named by file, row and column. */
export class CellError extends TesseraError {
  constructor(
    /** Where it is; the column is undefined if the whole row is wrong. */
    readonly place: { readonly file: string; readonly row: number; readonly column?: string },
    /** What was wrong, expected and got. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    const { file, row, column } = place;
    super(`${file}, row ${row}${column === undefined ? '' : `, column '${column}'`}: ${reason}`, options);
  }
}

/** What happens to cells that cannot be used: they stop the work, their rows are left out, or they count as absent. */
export type OnError = 'stop' | 'skip' | 'missing';

/** The number of cells that an error lists, and that 'stop' collects before it stops. */
const SHOWN = 10;

/** The cells that could not be used in one pass over a table, and what happens to them. */
export class CellErrors {
  readonly #first: CellError[] = [];
  #count = 0;
  #skippedRows = 0;
  #lastSkipped = '';

  /** @throws TesseraError if `onError` is none of the three. */
  constructor(
    /** The choice of what happens to such cells. */
    readonly onError: OnError = 'stop',
  ) {
    expectValue('CellErrors', 'onError', onError, oneOf('stop', 'skip', 'missing'));
  }

  /** The number of cells. */
  get count(): number {
    return this.#count;
  }

  /** The first ten. */
  get first(): readonly CellError[] {
    return this.#first;
  }

  /** The number of rows left out. */
  get skippedRows(): number {
    return this.#skippedRows;
  }

  /**
   * Notes a cell, and says what to do with it: leave its row out, or take it as absent. Rows come one after the other.
   * @throws TesseraError with 'stop', at the tenth cell.
   */
  add(error: CellError): 'skip' | 'missing' {
    this.#count++;
    if (this.#first.length < SHOWN) this.#first.push(error);
    if (this.onError === 'stop' && this.#count === SHOWN) this.finish();
    if (this.onError === 'missing') return 'missing';
    const row = `${error.place.row} ${error.place.file}`;
    if (row !== this.#lastSkipped) this.#skippedRows++;
    this.#lastSkipped = row;
    return 'skip';
  }

  /** Ends the pass. @throws TesseraError with 'stop', if there were any. */
  finish(): void {
    if (this.onError !== 'stop' || this.#count === 0) return;
    throw new TesseraError(
      `${this.summary()}\ncorrect them, or choose what happens to them by onError (--on-error): 'skip' leaves their rows out, 'missing' takes them as absent`,
      { cause: this.#first[0] },
    );
  }

  /** How many there were, what happened to them, and the first ten; empty if there were none. */
  summary(): string {
    if (this.#count === 0) return '';
    const happened = {
      stop: this.#count === SHOWN ? ' so far' : '',
      skip: `; ${counted(this.#skippedRows, 'row')} left out`,
      missing: ', taken as absent',
    }[this.onError];
    const more = this.#count - this.#first.length;
    return [
      `${counted(this.#count, 'cell')} cannot be used${happened}:`,
      ...this.#first.map(({ message }) => `  ${message}`),
      ...(more > 0 ? [`  and ${more} more`] : []),
    ].join('\n');
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
