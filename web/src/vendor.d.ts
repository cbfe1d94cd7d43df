// Types of the libraries in ../vendor, as far as used.
declare module "*/vendor/htmx.js" {
  const htmx: {
    ajax(method: string, url: string, options: { target: string; select?: string; swap?: string }): Promise<void>;
  };
  export default htmx;
}
