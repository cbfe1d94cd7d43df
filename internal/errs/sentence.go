package errs

import "fmt"

// Sentence is what an error tells a person. The wire has it in English;
// another language says it from what it was made of.
type Sentence struct {
	English string
	Format  string // of English: what a catalogue of translations knows it by
	Args    []any  // put into Format; a Word or a Sentence among them is translated too
}

// Word is a part of a Sentence that a catalogue knows by itself. Other texts
// in a Sentence stay as they are: names that people gave, what they typed.
type Word string

// Say returns a Sentence whose English is made by fmt.Sprintf. format is a
// whole sentence, so that it can be translated: what differs goes into args.
func Say(format string, args ...any) Sentence {
	return Sentence{English: fmt.Sprintf(format, args...), Format: format, Args: args}
}

// String is the sentence in English.
func (s Sentence) String() string { return s.English }

// Field is s as the message about a wrong field.
func (s Sentence) Field(field, code string) Field {
	return Field{Field: field, Code: code, Message: s.English, Said: s}
}
