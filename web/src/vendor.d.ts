// The libraries of ../vendor as far as the islands use them.
declare module "*/vendor/htmx.js" {
  const htmx: {
    ajax(method: string, url: string, options: { target: string; select?: string; swap?: string }): Promise<void>;
  };
  export default htmx;
}
