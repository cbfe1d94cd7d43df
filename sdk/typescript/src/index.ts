// Client of a Regulars server. `api` has every operation of its OpenAPI
// document, typed; the rest of this file is what a document cannot say: errors
// that are thrown, uploads, and waiting for a job.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.gen.js";

export type { components, paths };

/** How a bulk job stands. */
export type Job = components["schemas"]["BulkJob"];

export interface Options {
  /** Where the server is, such as https://community.example.com. */
  baseUrl: string;
  /** A session token or an API key; without one only what needs none works. */
  token?: string;
  /** Another fetch than the global one. */
  fetch?: (request: Request) => Promise<Response>;
}

export interface ImportOptions {
  /** Needed with a session; a community's API key has its community. */
  communityId?: string;
  /** As the API log shows it; default members.csv. */
  fileName?: string;
  /** Makes a retry the same job. */
  idempotencyKey?: string;
  mode?: "upsert" | "create" | "update";
  /** Reads everything and changes nothing. */
  dryRun?: boolean;
  createTags?: boolean;
}

/** What the server says when it refuses. */
export class RegularsError extends Error {
  constructor(
    readonly status: number,
    /** Stable, in snake_case. */
    readonly code: string,
    message: string,
    /** Each wrong field of the input. */
    readonly errors: { field: string; code: string; message: string }[],
    readonly requestId: string,
  ) {
    super(message);
    this.name = "RegularsError";
  }
}

export class Regulars {
  /** Every operation: `regulars.api.GET("/v1/servers")`. */
  readonly api: Client<paths>;

  constructor(private readonly options: Options) {
    this.api = createClient<paths>({
      baseUrl: options.baseUrl,
      ...(options.fetch && { fetch: options.fetch }),
    });
    this.api.use({
      onRequest: ({ request }) => {
        if (options.token) request.headers.set("Authorization", `Bearer ${options.token}`);
        return request;
      },
      onResponse: async ({ response }) => {
        if (!response.ok) throw await refusal(response);
      },
    });
  }

  /** The same server with another credential. */
  as(token: string): Regulars {
    return new Regulars({ ...this.options, token });
  }

  /** Uploads a file of members and returns the id of the job that works it off. */
  async importUsers(file: Blob | string, options: ImportOptions = {}): Promise<string> {
    const form = new FormData();
    for (const name of ["communityId", "mode", "dryRun", "createTags"] as const) {
      if (options[name] !== undefined) form.set(name, String(options[name]));
    }
    form.set("data", typeof file === "string" ? new Blob([file], { type: "text/csv" }) : file, options.fileName ?? "members.csv");
    const request = new Request(new URL("/v1/users/bulk-import", this.options.baseUrl), { method: "POST", body: form });
    if (this.options.token) request.headers.set("Authorization", `Bearer ${this.options.token}`);
    if (options.idempotencyKey) request.headers.set("Idempotency-Key", options.idempotencyKey);
    const response = await (this.options.fetch ?? fetch)(request);
    if (!response.ok) throw await refusal(response);
    const answer = (await response.json()) as { data: { jobId: string } };
    return answer.data.jobId;
  }

  /** Returns a job once it has ended, and tells of its progress until then. */
  async waitForJob(jobId: string, told: { communityId?: string; every?: number; onProgress?: (job: Job) => void; signal?: AbortSignal } = {}): Promise<Job> {
    for (;;) {
      const { data } = await this.api.GET("/v1/users/bulk-update/{jobId}/status", {
        params: { path: { jobId }, query: told.communityId ? { communityId: told.communityId } : {} },
        ...(told.signal && { signal: told.signal }),
      });
      const job = data!.data;
      told.onProgress?.(job);
      if (job.status !== "queued" && job.status !== "running") return job;
      await new Promise((resolve) => setTimeout(resolve, told.every ?? 500));
      told.signal?.throwIfAborted();
    }
  }
}

async function refusal(response: Response): Promise<RegularsError> {
  const text = await response.text();
  try {
    const said = JSON.parse(text) as components["schemas"]["Failure"];
    return new RegularsError(response.status, said.code, said.message, said.errors ?? [], said.requestId);
  } catch {
    return new RegularsError(response.status, "no_answer_of_the_api", text.slice(0, 200) || response.statusText, [], "");
  }
}
