package errs

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A stored sentence is a JSON array of its format and arguments. An argument is a
// text, number or boolean; {"w": text} for a Word, {"d": nanoseconds} for a
// time.Duration, and an array for a Sentence.
const (
	wordKey     = "w"
	durationKey = "d"
	optionKey   = "o" // beside wordKey with its label
)

// Storable returns s with arguments that AppendArg encodes. Other arguments
// become texts; if that changes the English, the result is constant.
func (s Sentence) Storable() Sentence {
	switch {
	case len(s.Args) == 0 && s.Format == s.English:
		return s
	case len(s.Args) == 0:
		return Constant(s.English)
	}
	exact := true
	args := make([]any, len(s.Args))
	for i, arg := range s.Args {
		var same bool
		args[i], same = storable(arg)
		exact = exact && same
	}
	stored := Sentence{English: s.English, Format: s.Format, Args: args}
	if !exact && fmt.Sprintf(s.Format, args...) != s.English {
		return Constant(s.English)
	}
	return stored
}

// storable returns an argument as one of the stored types, and whether every verb
// prints it as before.
func storable(arg any) (stored any, same bool) {
	switch arg := arg.(type) {
	case nil, string, Word, Option, bool, int64, uint64, time.Duration:
		return arg, true
	case Sentence:
		return arg.Storable(), true
	case int:
		return int64(arg), true
	case float64:
		if math.IsNaN(arg) || math.IsInf(arg, 0) {
			return fmt.Sprint(arg), false
		}
		return arg, true
	case fmt.Stringer, error, fmt.Formatter:
		return fmt.Sprint(arg), false
	}
	switch v := reflect.ValueOf(arg); v.Kind() {
	case reflect.String:
		return v.String(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint(), true
	default:
		return fmt.Sprint(arg), false
	}
}

// AppendJSON appends the stored form of s, which ParseSentence reads.
func (s Sentence) AppendJSON(text []byte) []byte { return s.Storable().appendJSON(text) }

func (s Sentence) appendJSON(text []byte) []byte {
	text = appendString(append(text, '['), s.Format)
	for _, arg := range s.Args {
		text = AppendArg(append(text, ','), arg)
	}
	return append(text, ']')
}

// AppendArg appends the JSON of an argument of a storable sentence.
func AppendArg(text []byte, arg any) []byte {
	switch arg := arg.(type) {
	case string:
		return appendString(text, arg)
	case Word:
		return append(appendString(append(text, `{"`+wordKey+`":`...), string(arg)), '}')
	case Option:
		text = appendString(append(text, `{"`+optionKey+`":`...), arg.Name)
		return append(appendString(append(text, `,"`+wordKey+`":`...), string(arg.Label)), '}')
	case Sentence:
		return arg.appendJSON(text)
	case int64:
		return strconv.AppendInt(text, arg, 10)
	case uint64:
		return strconv.AppendUint(text, arg, 10)
	case float64:
		number := strconv.FormatFloat(arg, 'g', -1, 64)
		if !strings.ContainsAny(number, ".e") {
			number += ".0" // no integer
		}
		return append(text, number...)
	case bool:
		return strconv.AppendBool(text, arg)
	case time.Duration:
		return append(strconv.AppendInt(append(text, `{"`+durationKey+`":`...), int64(arg), 10), '}')
	}
	return append(text, "null"...)
}

// appendString quotes plain text without encoding/json.
func appendString(text []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf && !utf8.ValidString(s) {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic(err) //nolint:forbidigo // every string encodes
			}
			return append(text, quoted...)
		}
	}
	return append(append(append(text, '"'), s...), '"')
}

// Stored returns the stored form of s, "" for the zero Sentence.
func (s Sentence) Stored() string {
	if s.IsZero() {
		return ""
	}
	return string(s.AppendJSON(nil))
}

// ParseSentence returns a stored sentence. Another text is a constant sentence.
func ParseSentence(text string) Sentence {
	var list []any
	if !strings.HasPrefix(text, "[") || decodeJSON(text, &list) != nil || len(list) == 0 {
		return Constant(text)
	}
	format, ok := list[0].(string)
	if !ok {
		return Constant(text)
	}
	s := RestoredSentence(format, list[1:])
	if s.IsZero() {
		return Constant(text) // a reason, although a damaged one
	}
	return s
}

func decodeJSON(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("text after the value: %w", err)
	}
	return nil
}

// RestoredSentence returns the sentence of a format and arguments that were read
// with json.Decoder.UseNumber.
func RestoredSentence(format string, args []any) Sentence {
	if len(args) == 0 {
		return Constant(format)
	}
	restored := make([]any, len(args))
	for i, arg := range args {
		restored[i] = restoredArg(arg)
	}
	return NewSentence(format, restored...)
}

func restoredArg(arg any) any {
	switch arg := arg.(type) {
	case json.Number:
		return restoredNumber(arg)
	case []any:
		if len(arg) > 0 {
			if format, ok := arg[0].(string); ok {
				return RestoredSentence(format, arg[1:])
			}
		}
		return fmt.Sprint(arg)
	case map[string]any:
		if word, ok := arg[wordKey].(string); ok {
			if name, ok := arg[optionKey].(string); ok {
				return Option{name, Word(word)}
			}
			return Word(word)
		}
		if number, ok := arg[durationKey].(json.Number); ok {
			nanoseconds, _ := number.Int64() // 0 if it is damaged
			return time.Duration(nanoseconds)
		}
		return fmt.Sprint(arg)
	}
	return arg
}

func restoredNumber(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(n.String(), 10, 64); err == nil {
		return u
	}
	f, _ := n.Float64() // infinite if it is too large
	return f
}
