package markdown

import (
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
)

// sanitise rebuilds HTML from allowed elements and attributes.
func sanitise(html string) string { return policy.Sanitize(html) }

var policy = newPolicy()

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "bdi")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[0-9A-Za-z_+#.-]{1,50}$`)).OnElements("code")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^mention$`)).OnElements("span")
	p.AllowAttrs("data-user", "data-role").Matching(regexp.MustCompile(`^[0-9a-f]{24}$`)).OnElements("span")
	p.AllowAttrs("href", "title").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^nofollow noopener$`)).OnElements("a")
	p.AllowURLSchemes(schemes...)
	p.RequireParseableURLs(true)
	return p
}

// Bidirectional controls begin embeddings and isolates, or end the last one.
const (
	bidiControls   = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
	embeddings     = "\u202a\u202b\u202d\u202e"
	isolates       = "\u2066\u2067\u2068"
	endOfEmbedding = "\u202c"
	endOfIsolate   = "\u2069"
)

// isolateControls encloses the text between two tags in <bdi> if it has
// bidirectional controls, and balances them, so that they do not affect other
// texts. In tags, which have no other text of a person than titles, they are
// removed.
func isolateControls(html string) string {
	if !strings.ContainsAny(html, bidiControls) {
		return html
	}
	var isolated strings.Builder
	for html != "" {
		end := strings.IndexByte(html, '<')
		if end == 0 {
			end = strings.IndexByte(html, '>') + 1
			isolated.WriteString(strings.Map(withoutControls, html[:end]))
			html = html[end:]
			continue
		}
		if end < 0 {
			end = len(html)
		}
		if part := html[:end]; strings.ContainsAny(part, bidiControls) {
			isolated.WriteString("<bdi>" + balanced(part) + "</bdi>")
		} else {
			isolated.WriteString(part)
		}
		html = html[end:]
	}
	return isolated.String()
}

func withoutControls(r rune) rune {
	if strings.ContainsRune(bidiControls, r) {
		return -1
	}
	return r
}

// balanced removes controls that end nothing and ends those that do not end.
func balanced(part string) string {
	var ends []string // of the open embeddings and isolates
	var b strings.Builder
	for _, r := range part {
		control := string(r)
		switch {
		case strings.Contains(embeddings, control):
			ends = append(ends, endOfEmbedding)
		case strings.Contains(isolates, control):
			ends = append(ends, endOfIsolate)
		case control == endOfEmbedding:
			if len(ends) == 0 || ends[len(ends)-1] != endOfEmbedding {
				continue
			}
			ends = ends[:len(ends)-1]
		case control == endOfIsolate:
			open := len(ends) - 1
			for open >= 0 && ends[open] != endOfIsolate {
				open-- // ends with the isolate
			}
			if open < 0 {
				continue
			}
			ends = ends[:open]
		}
		b.WriteString(control)
	}
	for i := len(ends) - 1; i >= 0; i-- {
		b.WriteString(ends[i])
	}
	return b.String()
}
