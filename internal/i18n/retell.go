package i18n

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/language"
)

// verb matches a verb of fmt; its first group is the explicit argument number.
var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*[\d.]*([a-zA-Z%])`)

// pattern matches texts that were formatted from an English text with verbs.
type pattern struct {
	english string
	prefix  string // up to the first verb
	expr    func() *regexp.Regexp
}

// patterns are the English texts with verbs, the longest first.
var patterns = sync.OnceValue(func() []pattern {
	var list []pattern
	for english := range catalogues()[Languages[1]] {
		at := verb.FindStringIndex(english)
		if at != nil && len(english) > 12 && strings.ContainsFunc(verb.ReplaceAllString(english, ""), unicode.IsLetter) {
			list = append(list, pattern{english, english[:at[0]], sync.OnceValue(func() *regexp.Regexp { return regexpOf(english) })})
		}
	}
	slices.SortFunc(list, func(a, b pattern) int {
		return cmp.Or(cmp.Compare(len(b.english), len(a.english)), strings.Compare(a.english, b.english))
	})
	return list
})

// regexpOf returns an expression with a group for each verb of english.
func regexpOf(english string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("(?s)^")
	rest := 0
	for _, at := range verb.FindAllStringIndex(english, -1) {
		b.WriteString(regexp.QuoteMeta(english[rest:at[0]]))
		switch english[at[1]-1] {
		case '%':
			b.WriteString("%")
		case 'd':
			b.WriteString(`([\d,]+)`)
		default:
			b.WriteString("(.*?)")
		}
		rest = at[1]
	}
	return regexp.MustCompile(b.String() + regexp.QuoteMeta(english[rest:]) + "$")
}

// Retell translates a formatted English text, such as a stored message. Of its
// arguments it translates those in nouns and a final sentence. An unknown text is
// returned unchanged.
func (p Printer) Retell(text string, nouns ...string) string {
	known := catalogues()[p.Language()]
	if p.Language() == language.English || text == "" {
		return text
	}
	if translated := known[text]; translated != "" {
		return translated
	}
	for _, candidate := range patterns() {
		if !strings.HasPrefix(text, candidate.prefix) || known[candidate.english] == "" {
			continue
		}
		if found := candidate.expr().FindStringSubmatch(text); found != nil {
			args := arguments(candidate.english, found[1:])
			p.retellAll(args, nouns, strings.HasSuffix(candidate.english, ". %s"))
			return fill(known[candidate.english], args)
		}
	}
	return text
}

// retellAll translates the arguments that are nouns, and the last one if it is a
// sentence.
func (p Printer) retellAll(args map[int]string, nouns []string, sentenceLast bool) {
	for i, arg := range args {
		if sentenceLast && i == len(args) {
			args[i] = p.Retell(arg, nouns...)
		} else if slices.Contains(nouns, arg) {
			args[i] = p.T(arg)
		}
	}
}

// arguments returns the matched texts by argument number.
func arguments(english string, found []string) map[int]string {
	args, next := map[int]string{}, 1
	for _, v := range verb.FindAllStringSubmatch(english, -1) {
		if v[2] == "%" || len(found) == 0 {
			continue
		}
		args[number(v[1], &next)], found = found[0], found[1:]
	}
	return args
}

// fill replaces the verbs of a sentence by args.
func fill(sentence string, args map[int]string) string {
	next := 1
	return verb.ReplaceAllStringFunc(sentence, func(v string) string {
		if strings.HasSuffix(v, "%") {
			return "%"
		}
		return args[number(verb.FindStringSubmatch(v)[1], &next)]
	})
}

// number returns the argument number of a verb.
func number(explicit string, next *int) int {
	if n, err := strconv.Atoi(explicit); err == nil {
		*next = n
	}
	*next++
	return *next - 1
}
