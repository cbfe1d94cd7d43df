package mail

import (
	"html/template"
	"strings"
)

// text is the body for programs that show no HTML.
func (c content) text() string {
	blocks := append([]string{c.greeting}, c.before...)
	blocks = append(blocks, c.button+":\n"+c.link)
	blocks = append(blocks, c.after...)
	if c.closing != "" {
		blocks = append(blocks, c.closing)
	}
	return strings.Join(blocks, "\n\n") + "\n"
}

// page carries its style in its elements: programs for mail drop style sheets.
var page = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;background:#f4f4f5;color:#18181b;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:560px;margin:0 auto;padding:32px;background:#ffffff;border-radius:12px">
<p style="margin:0 0 16px">{{.Greeting}}</p>
{{range .Before}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}<p style="margin:24px 0"><a href="{{.Link}}" style="display:inline-block;padding:12px 20px;border-radius:8px;background:#1d4ed8;color:#ffffff;text-decoration:none;font-weight:600">{{.Button}}</a></p>
{{range .After}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}{{if .Closing}}<p style="margin:0 0 16px;color:#52525b">{{.Closing}}</p>
{{end}}<p style="margin:24px 0 0;font-size:13px;color:#52525b;word-break:break-all">{{.Link}}</p>
</div></body></html>
`))

func (c content) html() string {
	var b strings.Builder
	err := page.Execute(&b, map[string]any{
		"Language": c.language, "Subject": c.subject, "Greeting": c.greeting, "Before": c.before, "After": c.after,
		"Button": c.button, "Link": c.link, "Closing": c.closing,
	})
	if err != nil {
		panic(err) //nolint:forbidigo // a strings.Builder takes everything and the template is ours
	}
	return b.String()
}
