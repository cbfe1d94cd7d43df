package ui

import (
	"fmt"
	"strconv"
	"strings"
)

// FormText is a value of a field as form input; "": none.
func FormText(value any) string {
	switch t := value.(type) {
	case nil:
		return ""
	case string:
		return t
	case bool:
		return strconv.FormatBool(t)
	case []string:
		return strings.Join(t, ", ")
	}
	return fmt.Sprint(value)
}

// Lines are the trimmed lines of a text, without empty ones.
func Lines(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			found = append(found, line)
		}
	}
	return found
}

// Choices are c with their labels in the reader's language.
func (p Page) Choices(c []Choice) []Choice {
	said := make([]Choice, len(c))
	for i := range c {
		said[i] = Choice{c[i].Value, p.T(c[i].Label)}
	}
	return said
}

// WholeNumber returns the number of a text of a form, -1 of another text.
func WholeNumber(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
