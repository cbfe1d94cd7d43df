// Client for the API of a Regulars server. `api` has every operation of the
// OpenAPI document, with types; this file adds errors, uploads and waiting for
// jobs.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.gen.js";

export type { components, paths };

/** Status of a bulk job. */
export type Job = components["schemas"]["BulkJob"];

export interface Options {
  /** Address of the server, such as https://community.example.com. */
  baseUrl: string;
  /** A session token or an API key; optional for public operations. */
  token?: string;
  /** Replaces the global fetch. */
  fetch?: (request: Request) => Promise<Response>;
}

export interface ImportOptions {
  /** Required with a session token; an API key of a community implies it. */
  communityId?: string;
  /** Shown with the bulk job; default members.csv. */
  fileName?: string;
  /** A retry with the same key returns the same job. */
  idempotencyKey?: string;
  mode?: "upsert" | "create" | "update";
  /** Validates the file without changes. */
  dryRun?: boolean;
  createTags?: boolean;
}

/** An error response of the server. */
export class RegularsError extends Error {
  constructor(
    readonly status: number,
    /** Stable, in snake_case. */
    readonly code: string,
    message: string,
    /** Invalid fields of the input. */
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
        if (!response.ok) throw await toError(response);
      },
    });
  }

  /** Returns a client with another token for the same server. */
  as(token: string): Regulars {
    return new Regulars({ ...this.options, token });
  }

  /** Uploads a file of members and returns the id of the bulk job. */
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
    if (!response.ok) throw await toError(response);
    const body = (await response.json()) as { data: { jobId: string } };
    return body.data.jobId;
  }

  /** Waits until a job has ended and returns it; onProgress is called after each request. */
  async waitForJob(jobId: string, options: { communityId?: string; every?: number; onProgress?: (job: Job) => void; signal?: AbortSignal } = {}): Promise<Job> {
    for (;;) {
      const { data } = await this.api.GET("/v1/users/bulk-update/{jobId}/status", {
        params: { path: { jobId }, query: options.communityId ? { communityId: options.communityId } : {} },
        ...(options.signal && { signal: options.signal }),
      });
      const job = data!.data;
      options.onProgress?.(job);
      if (job.status !== "queued" && job.status !== "running") return job;
      await new Promise((resolve) => setTimeout(resolve, options.every ?? 500));
      options.signal?.throwIfAborted();
    }
  }
}

async function toError(response: Response): Promise<RegularsError> {
  const text = await response.text();
  try {
    const failure = JSON.parse(text) as components["schemas"]["Failure"];
    return new RegularsError(response.status, failure.code, failure.message, failure.errors ?? [], failure.requestId);
  } catch {
    return new RegularsError(response.status, "no_answer_of_the_api", text.slice(0, 200) || response.statusText, [], "");
  }
}
