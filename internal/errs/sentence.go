package errs

import "fmt"

// Sentence is a translatable message. The wire has it in English; other
// languages are formatted from Format and Args. The zero Sentence is none.
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

// Constant returns a Sentence without arguments. A percent sign is none of a verb.
func Constant(english string) Sentence { return Sentence{English: english, Format: english} }

// IsZero reports whether s is none.
func (s Sentence) IsZero() bool { return s.English == "" }

// String returns the sentence in English.
func (s Sentence) String() string { return s.English }

// MarshalText returns the sentence in English, for the wire. AppendJSON stores a
// sentence for all languages.
func (s Sentence) MarshalText() ([]byte, error) { return []byte(s.English), nil }

// UnmarshalText reads a sentence of the wire.
func (s *Sentence) UnmarshalText(english []byte) error {
	*s = Constant(string(english))
	return nil
}

// Field returns a Field with s as its message.
func (s Sentence) Field(field, code string) Field {
	return Field{Field: field, Code: code, Message: s.English, Sentence: s}
}

// Error returns an Error with s as its message.
func (s Sentence) Error(kind Kind, code string) *Error {
	return &Error{Kind: kind, Code: code, Message: s.English, Sentence: s}
}
