package ui

import (
	"fmt"
	"regexp"
	"strings"
)

// Call is a request to the API that does what a page does, to be shown as
// code with the person's own ids and a key to fill in.
type Call struct {
	Path string
	JSON string   // body; a POST then
	Form []Choice // name in Value, text in Label; a POST then
	File string   // name of the file of the form
}

// Snippet is a Call in one language.
type Snippet struct{ Key, Name, Text string }

// snippets are the call in all languages.
func (c Call) snippets(p Page) []Snippet {
	at := p.Address + c.Path
	return []Snippet{{"curl", "curl", c.curl(at)}, {"js", "JavaScript", c.javaScript(at)}, {"go", "Go", c.golang(at)}}
}

func (c Call) curl(at string) string {
	parts := []string{"curl -H 'Authorization: Bearer YOUR_API_KEY'"}
	if c.JSON != "" {
		parts = append(parts, "-H 'Content-Type: application/json'", "-d "+quoted(c.JSON))
	}
	for _, f := range c.Form {
		option := "-F "
		if formMeans.MatchString(f.Label) {
			option = "--form-string "
		}
		parts = append(parts, option+quoted(f.Value+"="+f.Label))
	}
	if c.File != "" {
		name := c.File
		if strings.ContainsAny(name, `,;"`) {
			name = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
		}
		parts = append(parts, "-F "+quoted("data=@"+name))
	}
	return strings.Join(append(parts, quoted(at)), " \\\n  ")
}

// formMeans matches values with a special meaning for curl -F.
var formMeans = regexp.MustCompile(`^[\s@<"]|;`)

// quoted quotes a text for a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func (c Call) javaScript(at string) string {
	var b strings.Builder
	options := "headers: { Authorization: \"Bearer YOUR_API_KEY\" }"
	if c.JSON != "" {
		options = "\n  method: \"POST\",\n  headers: { Authorization: \"Bearer YOUR_API_KEY\", \"Content-Type\": \"application/json\" },\n  body: JSON.stringify(" + c.JSON + "),\n"
	}
	if c.File != "" {
		b.WriteString("const form = new FormData();\n")
		for _, f := range c.Form {
			fmt.Fprintf(&b, "form.append(%q, %q);\n", f.Value, f.Label)
		}
		fmt.Fprintf(&b, "form.append(\"data\", file, %q); // file: a File or Blob\n", c.File)
		options = "method: \"POST\", body: form, " + options
	}
	fmt.Fprintf(&b, "const answer = await fetch(%q, { %s });\nconsole.log(await answer.json());", at, options)
	return b.String()
}

func (c Call) golang(at string) string {
	if c.File == "" {
		method, body, kind := "GET", "nil", ""
		if c.JSON != "" {
			method, body = "POST", "strings.NewReader(`"+c.JSON+"`)"
			kind = "request.Header.Set(\"Content-Type\", \"application/json\")\n"
		}
		return fmt.Sprintf(`request, err := http.NewRequest(%q, %q, %s)
if err != nil {
	return err
}
%srequest.Header.Set("Authorization", "Bearer YOUR_API_KEY")
answer, err := http.DefaultClient.Do(request)`, method, at, body, kind)
	}
	var b strings.Builder
	b.WriteString("var body bytes.Buffer\nform := multipart.NewWriter(&body)\n")
	for _, f := range c.Form {
		fmt.Fprintf(&b, "_ = form.WriteField(%q, %q)\n", f.Value, f.Label)
	}
	fmt.Fprintf(&b, `part, err := form.CreateFormFile("data", %q)
if err != nil {
	return err
}
if _, err := io.Copy(part, file); err != nil {
	return err
}
_ = form.Close()
request, err := http.NewRequest("POST", %q, &body)
if err != nil {
	return err
}
request.Header.Set("Authorization", "Bearer YOUR_API_KEY")
request.Header.Set("Content-Type", form.FormDataContentType())
answer, err := http.DefaultClient.Do(request)`, c.File, at)
	return b.String()
}

// ImportCall is an import of a file without options.
func ImportCall(p Page) Call {
	return Call{Path: "/v1/users/bulk-import", Form: []Choice{{"communityId", p.Community.ID}}, File: "members.csv"}
}
