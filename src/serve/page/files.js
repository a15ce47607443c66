// @ts-check
import { make } from './elements.js';
import { toWav } from './wav.js';

/*
 * Pictures and sounds: they are chosen, dropped, pasted or recorded.
 */

/** @typedef {import('./controls.js').Field} Field */
/** @typedef {import('./controls.js').Control} Control */

const ACCEPTED = { image: 'image/png,image/jpeg,image/webp,image/gif', sound: 'audio/*,.wav,.ogg,.opus,.mp3,.flac' };

/**
 * @param {Field} field
 * @param {string} id
 * @returns {Control}
 */
export function fileControl(field, id) {
  const isImage = field.kind === 'image';
  const input = make('input', { id, type: 'file', accept: isImage ? ACCEPTED.image : ACCEPTED.sound });
  const preview = isImage
    ? make('img', { hidden: true, alt: `the picture that was chosen for ${field.column}` })
    : make('audio', { hidden: true, controls: true, 'aria-label': `the sound that was chosen for ${field.column}` });
  /** @type {File | undefined} */
  let chosen;
  /** @param {File | undefined} file */
  const choose = (file) => {
    if (preview.src !== '') URL.revokeObjectURL(preview.src);
    chosen = file;
    preview.hidden = file === undefined;
    if (file === undefined) preview.removeAttribute('src');
    else preview.src = URL.createObjectURL(file);
  };
  input.addEventListener('change', () => choose(input.files?.[0]));
  const recorder = isImage ? [] : [recordButton(field, take)];
  const hint = make('small', {}, ['or drop one here']);
  const element = make('div', { className: 'drop' }, [input, hint, ...recorder, preview]);

  /** @param {File} file */
  function take(file) {
    const files = new DataTransfer();
    files.items.add(file);
    input.files = files.files;
    choose(file);
  }
  acceptDrops(element, take);
  return {
    element,
    focus: input,
    read: () => (chosen === undefined ? [] : [chosen]),
    clear: () => choose(undefined),
  };
}

/**
 * @param {HTMLElement} element
 * @param {(file: File) => void} take
 */
function acceptDrops(element, take) {
  element.addEventListener('dragover', (event) => {
    event.preventDefault();
    element.classList.add('over');
  });
  element.addEventListener('dragleave', () => element.classList.remove('over'));
  element.addEventListener('drop', (event) => {
    event.preventDefault();
    element.classList.remove('over');
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) take(file);
  });
}

/**
 * A button that records by the microphone until it is pressed again, or as much as the model hears.
 * @param {Field} field
 * @param {(file: File) => void} take
 */
function recordButton({ sampleRate = 16_000, seconds = 10 }, take) {
  const note = make('small', { role: 'status' });
  const button = make('button', { type: 'button', 'aria-pressed': 'false' }, ['Record']);
  /** @type {MediaRecorder | undefined} */
  let running;
  /** @param {string} text @param {boolean} isOn */
  const show = (text, isOn) => {
    note.textContent = text;
    button.textContent = isOn ? 'Stop' : 'Record';
    button.setAttribute('aria-pressed', String(isOn));
  };
  const begin = async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const recorder = new MediaRecorder(stream);
    running = recorder;
    /** @type {Blob[]} */
    const pieces = [];
    recorder.addEventListener('dataavailable', ({ data }) => pieces.push(data));
    recorder.addEventListener('stop', async () => {
      running = undefined;
      for (const track of stream.getTracks()) track.stop();
      try {
        take(await toWav(new Blob(pieces, { type: recorder.mimeType }), sampleRate));
        show('recorded', false);
      } catch {
        show('this browser cannot decode what it has recorded; choose a file', false);
      }
    });
    recorder.start();
    show(`recording, up to ${seconds.toFixed(1)} s`, true);
    setTimeout(() => recorder.state === 'recording' && recorder.stop(), 1000 * seconds);
  };
  button.addEventListener('click', () => {
    if (running !== undefined) running.stop();
    else begin().catch(() => show('the microphone cannot be used; choose a file', false));
  });
  // Browsers lend the microphone to pages of this machine and of https alone.
  if (navigator.mediaDevices === undefined) {
    button.disabled = true;
    show('recording needs https, or this machine', false);
  }
  return make('div', { className: 'buttons' }, [button, note]);
}
