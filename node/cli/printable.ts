/** What a terminal obeys instead of showing it, or shows elsewhere than where it stands: Unicode's controls, and those of direction. */
const controls = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** A style as `styleText` writes it, after its escape character. */
const style = /^\[[0-9;]*m/;

/** Longer than any style. */
const styleLength = 16;

/** Foreign text for people on one line: a name in a certificate must not draw over the verdict on it. */
export function printable(text: string): string {
  return text.replace(controls, escaped);
}

/** As {@link printable}, but in lines as they are. */
export function printableLines(text: string): string {
  return text.replace(controls, (control) => (control === '\n' ? control : escaped(control)));
}

/** As {@link printableLines}, but with its styles: for text that holds no foreign ones. */
export function printableStyled(text: string): string {
  return text.replace(controls, (control, at: number) => {
    const isStyle = control === '\u001b' && style.test(text.slice(at + 1, at + styleLength));
    return control === '\n' || isStyle ? control : escaped(control);
  });
}

function escaped(control: string): string {
  return `\\u{${control.codePointAt(0)?.toString(16)}}`;
}
