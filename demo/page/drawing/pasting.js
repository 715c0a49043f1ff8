// Ctrl+V with a picture, wherever the focus is.

/** What is typed into: there, pasting belongs to the text. */
const TEXT =
  "textarea, [contenteditable=true], input:not([type=checkbox], [type=radio], [type=range], " +
  "[type=button], [type=submit], [type=file], [type=color])";

/**
 * What was pasted or dropped as a file: a picture before any other. @param {DataTransfer | null}
 * data
 */
export function fileIn(data) {
  const files = [...(data?.files ?? [])];
  return files.find(({ type }) => type.startsWith("image/")) ?? files[0] ?? null;
}

/**
 * Hands over a file that is pasted anywhere on the page while `root` is shown, text fields
 * excepted.
 * @param {HTMLElement} root @param {(file: File) => void} take
 */
export function takePasted(root, take) {
  /** @param {ClipboardEvent} event */
  function paste(event) {
    if (!root.isConnected) {
      document.removeEventListener("paste", paste);
      return;
    }
    const file = fileIn(event.clipboardData);
    if (!file || !root.checkVisibility() || document.activeElement?.matches(TEXT)) return;
    event.preventDefault();
    take(file);
  }
  document.addEventListener("paste", paste);
}
