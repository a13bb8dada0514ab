// Sealed bids in a browser or in Node.js: the format "kerben-sealed-bid/1" of docs/sealing.md.
// Needs the packages age-encryption and canonicalize (RFC 8785), and Web Crypto.
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from "age-encryption";
import canonicalize from "canonicalize";

const FORMAT = "kerben-sealed-bid/1";
const SMALLEST = 4096;
const LARGEST = 16 * 1024 * 1024;
const LARGEST_DOCUMENT = 128 * 1024 * 1024;
const MAX_DEPTH = 64;
const utf8 = new TextEncoder();

/** Seals `content`, any JSON object. Write amounts as text: numbers are doubles.
 *  `document` stays with the supplier; `sealed` goes to the server. */
export async function seal(content, context, recipient, salt = randomSalt()) {
  if (content === null || typeof content !== "object" || Array.isArray(content)) {
    throw new Error("content_refused");
  }
  const envelope = { format: FORMAT, context, content, salt: hex(salt) };
  if (depth(envelope) > MAX_DEPTH) throw new Error("content_refused");
  const document = canonical(envelope);
  const padded = pad(document);
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const sealed = {
    format: FORMAT,
    commitment: await commitment(document),
    size: padded.length,
    ciphertext: base64(await encrypter.encrypt(padded)),
  };
  return { sealed, document };
}

/** Opens what was sealed, or throws: an age error, or one of the checks below. */
export async function open(identity, sealed, context) {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const padded = await decrypter.decrypt(unbase64(sealed.ciphertext));
  return checkDocument(unpad(padded), sealed.commitment, context);
}

/** Seals a document of any kind beside an envelope ("kerben-sealed-document/1"). `ciphertext` goes
 *  to the server under `id`; `entry` goes into `documents` of the content that is sealed next. */
export async function sealDocument(bytes, { id, name, title = name }) {
  const key = await generateIdentity();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(key));
  const ciphertext = await encrypter.encrypt(pad(bytes, LARGEST_DOCUMENT));
  const entry = { sha256: await sha256(bytes), title, sealed: { id, key, name } };
  return { ciphertext, entry };
}

/** The bytes of a sealed document that an envelope names by `entry`, or an error. */
export async function openDocument(ciphertext, entry) {
  const decrypter = new Decrypter();
  decrypter.addIdentity(entry.sealed.key);
  const bytes = unpad(await decrypter.decrypt(ciphertext), LARGEST_DOCUMENT);
  if ((await sha256(bytes)) !== entry.sha256) throw new Error("document_mismatch");
  return bytes;
}

/** Checks a document that was published at the opening against its commitment. */
export async function checkDocument(document, expected, context) {
  if ((await commitment(document)) !== expected) throw new Error("commitment_mismatch");
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(document);
  const envelope = JSON.parse(text);
  const fields = Object.keys(envelope).join();
  if (
    canonicalize(envelope) !== text ||
    fields !== "content,context,format,salt" ||
    envelope.format !== FORMAT ||
    !/^[0-9a-f]{64}$/.test(envelope.salt)
  ) {
    throw new Error("envelope_not_canonical");
  }
  if (canonicalize(envelope.context) !== canonicalize(context)) throw new Error("context_mismatch");
  return envelope;
}

/** True if the installation's key (base64 of 32 bytes) signed this receipt for this envelope. */
export async function verifyReceipt(receipt, publicKey, sealed) {
  const { content } = receipt;
  const matches =
    content.type === "bid_receipt" &&
    content.commitment === sealed.commitment &&
    content.size === sealed.size &&
    content.ciphertext_sha256 === (await sha256(unbase64(sealed.ciphertext)));
  return matches && (await verifySigned(receipt, publicKey));
}

/** True if the installation's key signed this content, whatever it says. */
export async function verifySigned({ content, signature }, publicKey) {
  const key = await crypto.subtle.importKey("raw", unbase64(publicKey), "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, unbase64(signature), canonical(content));
}

/** The same of a receipt for a sealed document. */
export async function verifyDocumentReceipt(receipt, publicKey, ciphertext) {
  const { content } = receipt;
  const matches =
    content.type === "bid_document_receipt" &&
    content.ciphertext_sha256 === (await sha256(ciphertext));
  return matches && (await verifySigned(receipt, publicKey));
}

/** True if the envelope stands at `index` (from 0) among `size` under the published root. */
export async function verifyInclusion(sealed, index, size, proof, root) {
  const entry = join(unhex(sealed.commitment), unhex(await sha256(unbase64(sealed.ciphertext))));
  let found = unhex(await sha256(join([0], entry)));
  let place = index;
  let last = size - 1;
  for (const step of proof) {
    if (last === 0) return false;
    const sibling = unhex(step);
    if (place % 2 || place === last) {
      found = unhex(await sha256(join([1], sibling, found)));
      while (place % 2 === 0 && place) [place, last] = [place >> 1, last >> 1];
    } else {
      found = unhex(await sha256(join([1], found, sibling)));
    }
    [place, last] = [place >> 1, last >> 1];
  }
  return index < size && last === 0 && hex(found) === root;
}

/** The canonical text (RFC 8785) of a JSON value, in UTF-8. */
export function canonical(value) {
  return utf8.encode(canonicalize(value));
}

/** The document, 0x80, and zeros up to the smallest power of two from 4 KiB. */
export function pad(document, largest = LARGEST) {
  let size = SMALLEST;
  while (size <= document.length) size *= 2;
  if (size > largest) throw new Error("content_refused");
  const padded = new Uint8Array(size);
  padded.set(document);
  padded[document.length] = 0x80;
  return padded;
}

export function unpad(padded, largest = LARGEST) {
  let end = padded.length - 1;
  while (end > 0 && padded[end] === 0) end -= 1;
  const document = padded.subarray(0, end);
  if (padded[end] !== 0x80 || pad(document, largest).length !== padded.length) {
    throw new Error("padding_wrong");
  }
  return document;
}

export async function commitment(document) {
  return sha256(join(utf8.encode(`${FORMAT} commitment\n`), document));
}

export async function sha256(bytes) {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function randomSalt() {
  return crypto.getRandomValues(new Uint8Array(32));
}

function depth(value) {
  if (value === null || typeof value !== "object") return 0;
  return 1 + Object.values(value).reduce((most, inner) => Math.max(most, depth(inner)), 0);
}

function join(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    joined.set(part, place);
    place += part.length;
  }
  return joined;
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function unbase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
