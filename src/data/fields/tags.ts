import { TesseraError, tensor } from '../../tensor/index.js';
import { oneOf, positiveInteger } from '../../tensor/options.js';
import { showCell, type TagSeparator, tagsOf } from '../cells.js';
import { Growable } from '../growable.js';
import type { FieldKind } from './field.js';
import { checkSettings, checkState, distinctStrings } from './settings.js';
import { Frequencies } from './statistics.js';
import { presence, RaggedIds } from './storage.js';

/** Settings of a field of tags. */
export interface TagsSettings {
  /** The separator of tags in a text. Default ','. */
  readonly separator: TagSeparator;
  /** Tags that occur less often in the training rows are left out. Default 2. */
  readonly minimumCount: number;
  /** The maximum number of tags, the most frequent ones. Default 1,000. */
  readonly size: number;
}

/** The learned state of a field of tags. */
export interface TagsState {
  readonly settings: TagsSettings;
  /** The tags by falling frequency. */
  readonly tags: readonly string[];
}

/**
 * Sets of tags: `values` (rows, tags), 1 for each tag that a row has. An empty text is absent; an empty list, and a row
 * whose tags are all rare, are present with zeros.
 */
export const tags: FieldKind<readonly string[], TagsSettings, TagsState> = {
  kind: 'tags',

  settings(chosen) {
    const defaults: TagsSettings = { separator: ',', minimumCount: 2, size: 1_000 };
    return checkSettings('tags', chosen, defaults, {
      separator: oneOf(',', ';', '|'),
      minimumCount: positiveInteger,
      size: positiveInteger,
    });
  },

  parse(cell, { separator }) {
    if (!(cell instanceof Uint8Array)) return tagsOf(cell, separator)?.map((tag) => tag.normalize('NFC'));
    throw new TesseraError(`expected a list of texts or a text with '${separator}', got ${showCell(cell)}`);
  },

  learner(settings) {
    const counts = new Frequencies();
    return {
      add(value) {
        for (const tag of value ?? []) counts.add(tag);
      },
      finish() {
        const frequent = counts.most(settings.size, settings.minimumCount);
        if (frequent.length > 0) return { settings, tags: frequent };
        throw new TesseraError(`no tag occurs ${settings.minimumCount} times or more in the training rows`);
      },
    };
  },

  column({ tags }) {
    const indexOf = new Map(tags.map((tag, index) => [tag, index]));
    const present = new Growable(Uint8Array);
    const indices = new RaggedIds();
    return {
      get size() {
        return present.length;
      },
      add(value) {
        present.push(Number(value !== undefined));
        indices.add((value ?? []).map((tag) => indexOf.get(tag)).filter((index) => index !== undefined));
      },
      async batch(rows) {
        const values = new Float32Array(rows.length * tags.length);
        rows.forEach((row, index) => {
          for (let at = 0; at < indices.lengthOf(row); at++) values[index * tags.length + indices.at(row, at)] = 1;
        });
        return {
          present: presence(rows, (row) => present.at(row) === 1),
          values: tensor(values, [rows.length, tags.length]),
        };
      },
    };
  },

  parseState(json) {
    return checkState<TagsSettings, TagsState>(tags, json, { tags: distinctStrings });
  },
};
