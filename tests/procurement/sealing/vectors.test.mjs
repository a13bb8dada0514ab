// The committed vectors, computed again and opened by the recipe for browsers: `node --test`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const recipes = new URL("../../../openapi/recipes/", import.meta.url);
const recipe = await import(new URL("sealed-bid.mjs", recipes));
const vectors = JSON.parse(readFileSync(new URL("sealed-bid.vectors.json", recipes)));
const { envelopes, identity, recipient, signing, tree } = vectors;

for (const [index, vector] of envelopes.entries()) {
  test(`${vector.name}: sealed anew with its salt, it is the same document`, async () => {
    const { content, context, salt } = vector;
    const { document, sealed } = await recipe.seal(content, context, recipient, recipe.unhex(salt));

    assert.equal(recipe.base64(document), vector.document_base64);
    assert.equal(await recipe.sha256(recipe.pad(document)), vector.padded_sha256);
    assert.equal(sealed.commitment, vector.sealed.commitment);
    assert.equal(sealed.size, vector.sealed.size);
    assert.deepEqual((await recipe.open(identity, sealed, context)).content, content);
  });

  test(`${vector.name}: its age file opens, for its own purpose alone`, async () => {
    const { context, sealed } = vector;
    const envelope = await recipe.open(identity, sealed, context);

    assert.deepEqual(envelope.content, vector.content);
    await assert.rejects(recipe.open(identity, sealed, { ...context, version: 99 }), {
      message: "context_mismatch",
    });
    const commitment = "0".repeat(64);
    await assert.rejects(recipe.open(identity, { ...sealed, commitment }, context), {
      message: "commitment_mismatch",
    });
  });

  test(`${vector.name}: it stands in the tree, and nowhere else`, async () => {
    const { root, proofs } = tree;
    const at = (place) =>
      recipe.verifyInclusion(vector.sealed, place, envelopes.length, proofs[index], root);

    assert.equal(await at(index), true);
    assert.equal(await at((index + 1) % envelopes.length), false);
    assert.equal(await recipe.sha256(recipe.unbase64(vector.sealed.ciphertext)), vector.ciphertext_sha256);
  });
}

test("the receipt is genuine for its envelope alone", async () => {
  const { public_key: key, receipt, root } = signing;
  const later = { ...receipt.content, sequence: 2 };

  assert.equal(await recipe.verifyReceipt(receipt, key, envelopes[0].sealed), true);
  assert.equal(await recipe.verifyReceipt(receipt, key, envelopes[1].sealed), false);
  assert.equal(
    await recipe.verifyReceipt({ ...receipt, content: later }, key, envelopes[0].sealed),
    false,
  );
  assert.equal(await recipe.verifySigned(root, key), true);
  assert.equal(root.content.root, tree.root);
});

test("what could not be opened is not sealed", async () => {
  let deep = [];
  for (let level = 0; level < 64; level += 1) deep = [deep];
  for (const content of [[], null, "text", { deep }, { x: NaN }, { x: "\ud800" }]) {
    await assert.rejects(recipe.seal(content, envelopes[0].context, recipient));
  }
});

test("padding is that of the smallest bucket", () => {
  for (const padded of [recipe.pad(new Uint8Array(5000)).fill(0, 5000), new Uint8Array(4096)]) {
    assert.throws(() => recipe.unpad(padded), { message: "padding_wrong" });
  }
});
