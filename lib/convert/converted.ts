/** A part as a conversion makes it. */
export interface Converted {
  readonly type: string;
  readonly subtype: string;
  /** Of text. */
  readonly charset: string | undefined;
  readonly bytes: Buffer;
}

/** What a client wants of a conversion, names in lower case (RFC 5259 §7). */
export type ConversionParams = ReadonlyMap<string, string>;

/** Why a part cannot be converted; the text is for the client. */
export class CannotConvert extends Error {
  override readonly name = 'CannotConvert';
  /** The parameters that are to blame; none: the conversion itself. */
  readonly params: readonly (readonly [name: string, value: string])[];
  /** It may succeed later. */
  readonly isTemporary: boolean;

  constructor(text: string, params: CannotConvert['params'] = [], isTemporary = false) {
    super(text);
    this.params = params;
    this.isTemporary = isTemporary;
  }
}
