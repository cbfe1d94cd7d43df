package console

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
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

// snippets are the call in the languages that people ask for.
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

// formMeans is what curl -F would take for more than a text.
var formMeans = regexp.MustCompile(`^[\s@<"]|;`)

// quoted makes one word of a shell of a text.
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

func membersCall(v MembersView) Call {
	query := url.Values{}
	for name, value := range map[string]string{"search": v.Query.Search, "role": v.Query.RoleID, "tag": v.Query.TagID, "sort": v.Query.Order} {
		if value != "" {
			query.Set(name, value)
		}
	}
	path := "/v1/communities/" + v.Community.ID + "/users"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return Call{Path: path}
}

// importCall is an import of a file that nobody has looked into yet.
func importCall(p Page) Call {
	return Call{Path: "/v1/users/bulk-import", Form: []Choice{{"communityId", p.Community.ID}}, File: "members.csv"}
}

// draftCall is the import, or the check, that the wizard makes of its file.
func draftCall(v ImportView, dryRun bool) Call {
	call := importCall(v.Page)
	call.File = v.Draft.FileName
	call.Form = append(call.Form, v.Draft.Options...)
	if dryRun {
		call.Form = append(call.Form, Choice{"dryRun", "true"})
	}
	return call
}

// optionsOf are the options of a draft as form fields, without those that the
// server assumes by itself. A mail at the end is left out: a key has no address.
func optionsOf(d bulk.Draft) (form []Choice) {
	o := d.Options
	if o.Mode == bulk.Upsert {
		o.Mode = ""
	}
	tags := ""
	if o.CreateTags {
		tags = "true"
	}
	if o.Delimiter == "\t" {
		o.Delimiter = "tab"
	}
	for _, c := range []Choice{
		{"mapping", toldMapping(d)},
		{"mode", o.Mode},
		{"encoding", o.Encoding},
		{"delimiter", o.Delimiter},
		{"sheet", o.Sheet},
		{"decimal", o.Decimal},
		{"dateFormat", o.DateFormat},
		{"createTags", tags},
	} {
		if c.Label != "" {
			form = append(form, c)
		}
	}
	return form
}

// toldMapping is the mapping of the columns that their headers do not tell, as
// JSON; "" when there are none. Columns without a choice are left out.
func toldMapping(d bulk.Draft) string {
	mapping := map[string]*string{}
	for _, c := range d.Columns {
		switch {
		case !c.Told || c.Problem != "":
		case c.Field == "":
			mapping[c.Header] = nil
		default:
			mapping[c.Header] = &c.Field
		}
	}
	if len(mapping) == 0 {
		return ""
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(mapping) // texts go in always
	return strings.TrimSpace(b.String())
}

// rowsAddress is the address of some rows of a job.
func rowsAddress(base, outcome, cursor string) string {
	query := url.Values{}
	if outcome != "" {
		query.Set("outcome", outcome)
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if len(query) > 0 {
		base += "?" + query.Encode()
	}
	return base + "#rows"
}
