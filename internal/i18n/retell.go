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

// verb is a verb of fmt in a sentence; its argument's number is the first
// group.
var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*[\d.]*([a-zA-Z%])`)

// pattern finds out whether a text was made of a sentence with verbs.
type pattern struct {
	english string
	start   string // up to the first verb
	whole   func() *regexp.Regexp
}

// patterns are the sentences with verbs, those that say more by themselves
// first.
var patterns = sync.OnceValue(func() []pattern {
	var list []pattern
	for english := range sentences()[Languages[1]] {
		at := verb.FindStringIndex(english)
		if at != nil && len(english) > 12 && strings.ContainsFunc(verb.ReplaceAllString(english, ""), unicode.IsLetter) {
			list = append(list, pattern{english, english[:at[0]], sync.OnceValue(func() *regexp.Regexp { return matcherOf(english) })})
		}
	}
	slices.SortFunc(list, func(a, b pattern) int {
		return cmp.Or(cmp.Compare(len(b.english), len(a.english)), strings.Compare(a.english, b.english))
	})
	return list
})

// matcherOf is an expression that has a group for each verb of a sentence.
func matcherOf(english string) *regexp.Regexp {
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

// Retell says what was said in English already, a message that was kept or
// comes from another part. What was put into it then stays as it is, but for
// nouns, which the catalogue knows, and a sentence at its end. A text that
// nobody knows is returned as it is.
func (p Printer) Retell(text string, nouns ...string) string {
	known := sentences()[p.Language()]
	if p.Language() == language.English || text == "" {
		return text
	}
	if said := known[text]; said != "" {
		return said
	}
	for _, candidate := range patterns() {
		if !strings.HasPrefix(text, candidate.start) || known[candidate.english] == "" {
			continue
		}
		if found := candidate.whole().FindStringSubmatch(text); found != nil {
			args := arguments(candidate.english, found[1:])
			p.retellAll(args, nouns, strings.HasSuffix(candidate.english, ". %s"))
			return fill(known[candidate.english], args)
		}
	}
	return text
}

// retellAll says those of the arguments of a sentence that are nouns, and the
// last one where that is a sentence of its own.
func (p Printer) retellAll(args map[int]string, nouns []string, sentenceLast bool) {
	for i, arg := range args {
		if sentenceLast && i == len(args) {
			args[i] = p.Retell(arg, nouns...)
		} else if slices.Contains(nouns, arg) {
			args[i] = p.T(arg)
		}
	}
}

// arguments are what was found by the number of the argument.
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

// fill puts texts where the verbs of a sentence are.
func fill(sentence string, args map[int]string) string {
	next := 1
	return verb.ReplaceAllStringFunc(sentence, func(v string) string {
		if strings.HasSuffix(v, "%") {
			return "%"
		}
		return args[number(verb.FindStringSubmatch(v)[1], &next)]
	})
}

// number is which argument a verb shows.
func number(given string, next *int) int {
	if n, err := strconv.Atoi(given); err == nil {
		*next = n
	}
	*next++
	return *next - 1
}
