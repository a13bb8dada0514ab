// Verifies one message of stdin, and the same with a byte more, by two independent receivers.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(new URL("../../openapi/package.json", import.meta.url));
const { secret, headers, body } = JSON.parse(readFileSync(0, "utf8"));
const outcome = {};
for (const name of ["standardwebhooks", "svix"]) {
  const { Webhook } = require(name);
  outcome[name] = [body, body + " "].map((text) => {
    try {
      new Webhook(secret).verify(text, headers);
      return "verified";
    } catch {
      return "refused";
    }
  });
}
console.log(JSON.stringify(outcome));
