// Package words finds words in texts of people: for search, on both database
// engines alike, and for lists of words.
//
// Words are compared folded: NFKD, without combining marks, with full case
// folding. Everything but letters and digits separates words. Chinese, Japanese
// and Korean texts are found by their characters.
package words

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of the words of a text. The engines share them, so that they find the
// same texts.
const (
	maxLetters = 100    // of a word that are compared
	maxTokens  = 16_382 // of a text that are indexed; positions of PostgreSQL end there
	maxRepeats = 255    // of a word that are indexed
)

// Span is a part of a text, in UTF-16 units.
type Span struct {
	Start  int `json:"start"`
	Length int `json:"length"`
}

// word is a folded word or one Chinese, Japanese or Korean character.
type word struct {
	text        string
	start, end  int // in the original text, in UTF-16 units
	ideographic bool
	joined      bool // follows another ideographic character directly
}

// split returns the words of a text.
func split(text string) []word {
	s := splitter{folder: newFolder()}
	at := 0
	for _, r := range text {
		s.start, s.end = at, at+1
		if r >= 0x10000 {
			s.end++
		}
		at = s.end
		for _, letter := range s.fold(r) {
			s.add(letter)
		}
	}
	s.finish()
	return s.words
}

type splitter struct {
	*folder
	words      []word
	letters    []byte // of the word being read
	count      int
	first      int  // start of that word
	last       int  // its end
	joins      bool // the last word is ideographic and nothing separates it from here
	start, end int  // of the character being read
}

func (s *splitter) add(letter rune) {
	switch {
	case !isLetterOrDigit(letter):
		s.finish()
		s.joins = false
	case isIdeographic(letter):
		s.finish()
		s.addIdeographic(letter)
	default:
		s.joins = false
		if s.count == 0 {
			s.first = s.start
		}
		if s.count++; s.count <= maxLetters {
			s.letters = utf8.AppendRune(s.letters, letter)
		}
		s.last = s.end
	}
}

func (s *splitter) addIdeographic(letter rune) {
	if s.joins {
		last := &s.words[len(s.words)-1]
		before, _ := utf8.DecodeRuneInString(last.text)
		if composed, ok := compose(before, letter); ok {
			last.text, last.end = string(composed), s.end
			return
		}
	}
	s.words = append(s.words, word{string(letter), s.start, s.end, true, s.joins})
	s.joins = true
}

func (s *splitter) finish() {
	if s.count > 0 {
		s.words = append(s.words, word{text: string(s.letters), start: s.first, end: s.last})
		s.letters, s.count = s.letters[:0], 0
	}
}

// filler is the token of a position without an indexed word.
const filler = "\ue000"

// tokens returns the indexed words of a text in order. A run of ideographic
// characters has a token for each character with its successor, and its last
// character alone.
func tokens(text string) []string {
	words := split(text)
	list := make([]string, 0, min(len(words), maxTokens))
	repeats := map[string]int{}
	for i := range words[:min(len(words), maxTokens)] {
		token := words[i].text
		if i+1 < len(words) && words[i+1].joined {
			token += words[i+1].text
		}
		if repeats[token]++; repeats[token] > maxRepeats {
			token = filler
		}
		list = append(list, token)
	}
	return list
}

// Tokens returns the words of a text for a full text index of SQLite (FTS5) with
// the tokenizer ascii, which separates them at spaces and changes none.
func Tokens(text string) string { return strings.Join(tokens(text), " ") }

// Vector returns the words of a text as a tsvector of PostgreSQL.
func Vector(text string) string {
	positions := map[string][]int{}
	var order []string
	for i, token := range tokens(text) {
		if token == filler {
			continue
		}
		if positions[token] == nil {
			order = append(order, token)
		}
		positions[token] = append(positions[token], i+1)
	}
	var vector strings.Builder
	for i, token := range order {
		if i > 0 {
			vector.WriteByte(' ')
		}
		vector.WriteString("'" + token + "'") // a token has no quotes
		separator := byte(':')
		for _, p := range positions[token] {
			vector.WriteByte(separator)
			vector.WriteString(strconv.Itoa(p))
			separator = ','
		}
	}
	return vector.String()
}
