package words

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/errs"
)

// MaxQuery is the length of a search query in characters.
const MaxQuery = 200

// Query is a parsed search query. It is safe for concurrent use.
type Query struct{ terms []term }

// term is a sequence of words that a text must have.
type term struct {
	words  []word
	prefix bool // the last word may be longer
}

// ParseQuery parses a search query: words joined by AND, the last one matches by
// prefix unless a space follows, "a phrase" matches consecutive words. A query with
// nothing to search is an error of the field q.
func ParseQuery(q string) (*Query, error) {
	if utf8.RuneCountInString(q) > MaxQuery {
		return nil, errs.InvalidFields([]errs.Field{errs.Wrong("q", "too_long", "It has at most %d characters.", MaxQuery)})
	}
	var parsed Query
	for rest := q; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		var part string
		open := true // a word that continues here would be part of it
		switch {
		case isQuote(r):
			part, rest = rest[size:], ""
			if end := strings.IndexFunc(part, isQuote); end >= 0 {
				_, closing := utf8.DecodeRuneInString(part[end:])
				part, rest, open = part[:end], part[end+closing:], false
			}
		case unicode.IsSpace(r):
			rest = rest[size:]
			continue
		default:
			part, rest = rest, ""
			if end := strings.IndexFunc(part, func(r rune) bool { return isQuote(r) || unicode.IsSpace(r) }); end >= 0 {
				part, rest = part[:end], part[end:]
			}
		}
		last, _ := utf8.DecodeLastRuneInString(part)
		if found := split(part); len(found) > 0 {
			parsed.terms = append(parsed.terms, term{found, open && rest == "" && !unicode.IsSpace(last)})
		}
	}
	if len(parsed.terms) == 0 {
		return nil, errs.InvalidFields([]errs.Field{errs.Wrong("q", "invalid", "Enter a word to search for.")})
	}
	return &parsed, nil
}

func isQuote(r rune) bool { return r == '"' || r == '\u201c' || r == '\u201d' || r == '\u201e' }

// tokens returns the tokens of the index that a text with the term has in sequence.
// The last token matches by prefix if prefix is set.
func (t term) tokens() (list []string, prefix bool) {
	for i, w := range t.words {
		last := i+1 == len(t.words)
		switch {
		case !last && t.words[i+1].joined:
			list = append(list, w.text+t.words[i+1].text)
		case last && w.joined: // in the token before
			return list, false
		default:
			list = append(list, w.text)
		}
		prefix = last && (t.prefix || w.ideographic) // a character continues to a pair
	}
	return list, prefix
}

// FTS5 returns the query for an index of Tokens.
func (q *Query) FTS5() string {
	var terms []string
	for _, t := range q.terms {
		list, prefix := t.tokens()
		text := `"` + strings.Join(list, " ") + `"`
		if prefix {
			text += " *"
		}
		terms = append(terms, text)
	}
	return strings.Join(terms, " ")
}

// TSQuery returns the query as a tsquery of PostgreSQL for a Vector.
func (q *Query) TSQuery() string {
	var terms []string
	for _, t := range q.terms {
		list, prefix := t.tokens()
		text := "'" + strings.Join(list, "' <-> '") + "'"
		if prefix {
			text += ":*"
		}
		terms = append(terms, text)
	}
	return strings.Join(terms, " & ")
}

// Highlights returns the places in a text that match the query, in order and
// without overlaps; nil if the text does not match.
func (q *Query) Highlights(text string) []Span {
	words := split(text)
	var spans []Span
	for _, t := range q.terms {
		before := len(spans)
		for i := range words {
			if t.matches(words[i:]) {
				start := words[i].start
				spans = append(spans, Span{start, words[i+len(t.words)-1].end - start})
			}
		}
		if len(spans) == before {
			return nil
		}
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	merged := spans[:1]
	for _, s := range spans[1:] {
		if last := &merged[len(merged)-1]; s.Start < last.Start+last.Length {
			last.Length = max(last.Length, s.Start+s.Length-last.Start)
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

// matches reports whether a text begins with the term.
func (t term) matches(words []word) bool {
	if len(words) < len(t.words) {
		return false
	}
	for i, w := range t.words {
		switch found := words[i]; {
		case i > 0 && found.joined != w.joined:
			return false
		case found.text == w.text:
		case i+1 == len(t.words) && t.prefix && !w.ideographic && strings.HasPrefix(found.text, w.text):
		default:
			return false
		}
	}
	return true
}
