import { boolean } from './boolean.js';
import { category } from './category.js';
import { date } from './date.js';
import type { FieldKind, KindName } from './field.js';
import { image } from './image.js';
import { number } from './number.js';
import { sequence } from './sequence.js';
import { sound } from './sound.js';
import { tags } from './tags.js';
import { text } from './text.js';

/** The kinds of fields by name. Values, settings and states of one kind go to that kind alone. */
export const kinds: Readonly<Record<KindName, FieldKind<unknown, object, FieldState>>> = {
  text,
  image,
  sound,
  number,
  category,
  boolean,
  date,
  tags,
  sequence,
};

/** The properties that the state of every kind has. */
export interface FieldState {
  readonly settings: object;
}
