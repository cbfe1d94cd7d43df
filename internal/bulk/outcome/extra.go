package outcome

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

// extra has the changes and errors of a row, which few rows have. An error is an
// array of its kind, its value and the arguments of its message.
type extra struct {
	Changes []Change            `json:"c"`
	Errors  [][]json.RawMessage `json:"p"`
}

// kind is what errors of the same kind have in common. The first error of a batch
// has its kind as an array, the others have its number.
type kind struct{ column, code, format string }

// kinds are the kinds of a batch with their numbers.
type kinds map[kind]int

// appendExtra appends the JSON of changes and errors, without reflection.
func (r *Record) appendExtra(text []byte, known kinds) []byte {
	text = append(text, '{')
	for i, c := range r.Changes {
		begin := `,{"f":`
		if i == 0 {
			begin = `"c":[{"f":`
		}
		text = append(field.AppendValue(append(text, begin...), c.Field), `,"o":`...)
		text = append(append(append(text, c.Old...), `,"n":`...), c.New...)
		text = append(text, '}')
	}
	if len(r.Changes) > 0 {
		text = append(text, ']')
	}
	for i := range r.Errors {
		begin := `,[`
		switch {
		case i == 0 && len(r.Changes) > 0:
			begin = `,"p":[[`
		case i == 0:
			begin = `"p":[[`
		}
		text = appendError(append(text, begin...), &r.Errors[i], known)
	}
	if len(r.Errors) > 0 {
		text = append(text, ']')
	}
	return append(text, '}')
}

// appendError appends an error without the bracket before it.
func appendError(text []byte, e *source.RowError, known kinds) []byte {
	message := e.Message.Storable()
	k := kind{e.Column, e.Code, message.Format}
	if number, ok := known[k]; ok {
		text = field.AppendValue(text, int64(number))
	} else {
		known[k] = len(known)
		text = field.AppendValue(text, []string{k.column, k.code, k.format})
	}
	text = field.AppendValue(append(text, ','), e.Value)
	for _, arg := range message.Args {
		text = errs.AppendArg(append(text, ','), arg)
	}
	return append(text, ']')
}

var errKind = errors.New("an error of a row has no kind")

func (r *Record) readExtra(text []byte, known *[]kind) error {
	var rest extra
	if err := json.Unmarshal(text, &rest); err != nil {
		return err
	}
	r.Changes = rest.Changes
	for _, parts := range rest.Errors {
		e, err := readError(parts, known)
		if err != nil {
			return err
		}
		r.Errors = append(r.Errors, e)
	}
	return nil
}

func readError(parts []json.RawMessage, known *[]kind) (source.RowError, error) {
	if len(parts) < 2 {
		return source.RowError{}, errKind
	}
	k, err := readKind(parts[0], known)
	if err != nil {
		return source.RowError{}, err
	}
	e := source.RowError{Column: k.column, Code: k.code}
	if err := json.Unmarshal(parts[1], &e.Value); err != nil {
		return e, err
	}
	args := make([]any, len(parts)-2)
	for i, part := range parts[2:] {
		if args[i], err = readArg(part); err != nil {
			return e, err
		}
	}
	e.Message = errs.RestoredSentence(k.format, args)
	return e, nil
}

func readArg(part json.RawMessage) (arg any, err error) {
	if part[0] == '"' {
		var text string
		err = json.Unmarshal(part, &text)
		return text, err
	}
	d := json.NewDecoder(bytes.NewReader(part))
	d.UseNumber()
	err = d.Decode(&arg)
	return arg, err
}

func readKind(part json.RawMessage, known *[]kind) (kind, error) {
	if part[0] != '[' {
		var number int
		if err := json.Unmarshal(part, &number); err != nil {
			return kind{}, err
		}
		if number < 0 || number >= len(*known) {
			return kind{}, errKind
		}
		return (*known)[number], nil
	}
	var texts []string
	if err := json.Unmarshal(part, &texts); err != nil {
		return kind{}, err
	}
	if len(texts) != 3 {
		return kind{}, errKind
	}
	k := kind{texts[0], texts[1], texts[2]}
	*known = append(*known, k)
	return k, nil
}
