package errs

import "fmt"

// Sentence is a translatable message. The wire has it in English; other
// languages are formatted from Format and Args.
type Sentence struct {
	English string
	Format  string // of English; the key in catalogues
	Args    []any  // arguments of Format; a Word or a Sentence is translated too
}

// Word is an argument of a Sentence that is translated by itself. Other
// strings, such as names and input, are not.
type Word string

// NewSentence returns a Sentence formatted by fmt.Sprintf. format is a whole
// sentence for translation; variable parts belong into args.
func NewSentence(format string, args ...any) Sentence {
	return Sentence{English: fmt.Sprintf(format, args...), Format: format, Args: args}
}

// String returns the sentence in English.
func (s Sentence) String() string { return s.English }

// Field returns a Field with s as its message.
func (s Sentence) Field(field, code string) Field {
	return Field{Field: field, Code: code, Message: s.English, Sentence: s}
}
