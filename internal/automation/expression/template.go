package expression

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// Template is a compiled text with values in double braces. It is safe for concurrent use.
type Template struct {
	texts  []string // one more than values
	values []*vm.Program
}

var (
	placeholder = regexp.MustCompile(`\{\{([^{}]*)\}\}`)
	valuePath   = regexp.MustCompile(`^(event|user)((\.[A-Za-z_][A-Za-z0-9_]*)|(\["[^"\\]{1,100}"\]))+$`)
)

// maxValues is the number of values of a text.
const maxValues = 50

// CompileText compiles a text with values such as {{user.displayName}}. problem is nil
// for a valid one.
func CompileText(text string, about Scope) (t Template, problem *Problem) {
	end := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		t.texts = append(t.texts, text[end:at[0]])
		end = at[1]
		path := strings.TrimSpace(text[at[2]:at[3]])
		if !valuePath.MatchString(path) {
			return t, &Problem{Message: fmt.Sprintf("%q is not the name of a value", path)}
		}
		if len(t.values) == maxValues {
			return t, &Problem{Message: fmt.Sprintf("the text has more than %d values", maxValues)}
		}
		program, err := expr.Compile(path, options(about)...)
		if err != nil {
			return t, problemOf(err)
		}
		t.values = append(t.values, program)
	}
	t.texts = append(t.texts, text[end:])
	return t, nil
}

// Blank returns the text with a character in the place of each value.
func (t Template) Blank() string { return strings.Join(t.texts, "\uFFFC") }

// Render returns the text with values as plain text, which forms no Markdown and mentions
// no one.
func (t Template) Render(values map[string]any) (string, error) {
	var b strings.Builder
	for i, text := range t.texts {
		b.WriteString(text)
		if i == len(t.values) {
			break
		}
		value, err := run(t.values[i], values)
		if err != nil {
			return "", err
		}
		b.WriteString(Plain(display(value)))
	}
	return b.String(), nil
}

// display returns a value as people write it.
func display(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = display(v[i])
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

// Plain returns Markdown that shows a text in one line as it is: every ASCII punctuation
// character that may begin markup, a mention, a link or an entity has a backslash before
// it.
func Plain(text string) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if r < 0x80 && !isPlain(byte(r)) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isPlain reports whether an ASCII character needs no backslash anywhere.
func isPlain(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte(" ,;?'/%$", c) >= 0
}
