// A picture from outside: chosen, dropped or pasted. Hands over (name, base64) or a sentence.

const MAX_FILE = 32 * 1024 * 1024;

function takeFiles(root, { onFile, onError }) {
  const input = root.querySelector(".vr-file");

  async function take(file) {
    if (file.size > MAX_FILE) {
      onError(`The file has ${Math.ceil(file.size / 2 ** 20)} MB; up to 32 MB are valid: make the picture smaller.`);
      return;
    }
    const reader = new FileReader();
    reader.onerror = () => onError("The browser could not read that file; choose it again.");
    // A data URL of an empty file has no comma in some browsers: the server then says that the file is empty.
    reader.onload = () => onFile(file.name, String(reader.result).split(",")[1] || "");
    reader.readAsDataURL(file);
  }

  input.addEventListener("change", () => {
    if (input.files[0]) take(input.files[0]);
    input.value = "";   // the same file can be chosen again
  });
  root.addEventListener("dragover", (event) => {
    event.preventDefault();
    root.classList.add("vr-over");
  });
  root.addEventListener("dragleave", (event) => {
    if (!root.contains(event.relatedTarget)) root.classList.remove("vr-over");
  });
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    root.classList.remove("vr-over");
    const file = event.dataTransfer.files[0];
    if (file) take(file);
    else onError("That was no file; save the picture first, then drop it or choose it.");
  });
  function paste(event) {
    if (!root.isConnected) { document.removeEventListener("paste", paste); return; }
    if (root.offsetParent === null || /^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName)) return;
    const file = [...event.clipboardData.files][0];
    if (file) { event.preventDefault(); take(file); }
  }
  document.addEventListener("paste", paste);
  return { choose: () => input.click() };
}
