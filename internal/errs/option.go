package errs

import "strings"

// Option is an import option as an argument of a Sentence. The API shows its
// form field, the command line its flag and a page its label.
type Option struct {
	Name  string // form field, such as headerLine
	Label Word   // label on pages
}

// NewOption returns an Option. label is a key of catalogues.
func NewOption(name string, label Word) Option { return Option{Name: name, Label: label} }

// String returns the name of the form field.
func (o Option) String() string { return o.Name }

// Flag returns the name of the flag of the command line, such as --header-line, with
// a value that the name of the form field has; a switch has none.
func (o Option) Flag() string {
	var flag strings.Builder
	flag.WriteString("--")
	for _, r := range strings.TrimSuffix(o.Name, "=true") {
		if r >= 'A' && r <= 'Z' {
			flag.WriteByte('-')
			r += 'a' - 'A'
		}
		flag.WriteRune(r)
	}
	return flag.String()
}

// CommandLine returns the sentence in English with flags for options.
func (s Sentence) CommandLine() string {
	if len(s.Args) == 0 {
		return s.English
	}
	args := make([]any, len(s.Args))
	for i, arg := range s.Args {
		switch arg := arg.(type) {
		case Option:
			args[i] = arg.Flag()
		case Sentence:
			args[i] = arg.CommandLine()
		default:
			args[i] = arg
		}
	}
	return NewSentence(s.Format, args...).English
}
