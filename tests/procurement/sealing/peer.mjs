// The recipe for browsers as a process: a request in a line of stdin, its answer in one of stdout.
import { createInterface } from "node:readline";

const recipe = await import(new URL("../../../openapi/recipes/sealed-bid.mjs", import.meta.url));

const does = {
  canonical: ({ text }) => recipe.base64(recipe.canonical(JSON.parse(text))),
  async seal({ content, context, recipient }) {
    const { sealed, document } = await recipe.seal(content, context, recipient);
    return { sealed, document: recipe.base64(document) };
  },
  async seal_document({ bytes, id, name }) {
    const { ciphertext, entry } = await recipe.sealDocument(recipe.unbase64(bytes), { id, name });
    return { ciphertext: recipe.base64(ciphertext), entry };
  },
  open_document: async ({ ciphertext, entry }) =>
    recipe.base64(await recipe.openDocument(recipe.unbase64(ciphertext), entry)),
  open: ({ identity, sealed, context }) => recipe.open(identity, sealed, context),
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  console.log(JSON.stringify(await does[request.do](request)));
}
