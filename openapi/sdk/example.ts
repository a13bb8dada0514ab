/** A tender with a document, published by its buyer and read by a supplier, by the typed client.
 *
 *  KERBEN_URL=… KERBEN_BUYER_KEY=… KERBEN_SUPPLIER_KEY=… node example.js request.json paper.pdf
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { argv, env } from "node:process";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Tender = components["schemas"]["TenderOut"];

function clientOf(name: string): Client<paths> {
  return createClient<paths>({
    baseUrl: env["KERBEN_URL"] ?? "http://127.0.0.1:8000",
    headers: { Authorization: `Bearer ${env[name] ?? ""}` },
  });
}

function required<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const [, , request, paper] = argv;
if (request === undefined || paper === undefined) throw new Error("example.js REQUEST PAPER");
const [buyer, supplier] = [clientOf("KERBEN_BUYER_KEY"), clientOf("KERBEN_SUPPLIER_KEY")];
const body = JSON.parse(readFileSync(request, "utf8")) as components["schemas"]["TenderIn"];
const params = { header: { "idempotency-key": "typescript-1" } };
const tender: Tender = required(await buyer.POST("/v1/tenders", { params, body }));
const again = required(await buyer.POST("/v1/tenders", { params, body }));
if (again.id !== tender.id) throw new Error("the repeat made another tender");

const content = readFileSync(paper);
const document = required(
  await buyer.POST("/v1/documents", {
    params: { query: { name: basename(paper) } },
    body: "",
    bodySerializer: () => content,
    headers: { "Content-Type": "application/octet-stream" },
  }),
);
const path = { tender_id: tender.id };
required(
  await buyer.POST("/v1/tenders/{tender_id}/documents", {
    params: { path },
    body: {
      document_id: document.id,
      title: { ru: "Техническое задание" },
      document_type: "technicalSpecifications",
      confidentiality: "public",
      lot_ids: [],
    },
  }),
);

const hidden = await supplier.GET("/v1/tenders/{tender_id}", { params: { path } });
if (hidden.error?.code !== "not_found") throw new Error("a draft is seen by others");
const draft = required(await buyer.GET("/v1/tenders/{tender_id}", { params: { path } }));
const header = { "if-match": String(draft.version) };
required(await buyer.POST("/v1/tenders/{tender_id}/publish", { params: { path, header } }));
const seen = required(await supplier.GET("/v1/tenders/{tender_id}", { params: { path } }));
const given = await supplier.GET("/v1/documents/{document_id}/content", {
  params: { path: { document_id: document.id } },
  parseAs: "arrayBuffer",
});
if (!Buffer.from(required(given) as ArrayBuffer).equals(content)) throw new Error("other bytes");
console.log(JSON.stringify({ ocid: seen.ocid, status: seen.status, sha256: document.sha256 }));
