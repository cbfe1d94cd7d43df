package words

import (
	"unicode/utf8"

	"github.com/regulars/regulars/internal/errs"
)

// MaxEntry is the length of an entry of a List in characters.
const MaxEntry = 100

// List finds its entries in texts: an automaton of Aho and Corasick with words as
// its symbols. It is safe for concurrent use.
type List struct {
	entries []string
	symbols map[string]uint32 // of the words of all entries
	states  []state           // the first is the start
	next    map[transition]uint32
}

// state is a sequence of words that an entry begins with.
type state struct {
	shorter uint32 // the state of the longest end of the sequence that is one
	entry   int32  // in entries, that the sequence ends with; -1: none
}

type transition struct{ from, symbol uint32 }

// NewList compiles entries. An entry of several words matches them in sequence,
// whatever is between them. An entry without words or longer than MaxEntry is an
// error of the field.
func NewList(field string, entries []string) (*List, error) {
	l := &List{entries: entries, symbols: map[string]uint32{}, states: []state{{entry: -1}}, next: map[transition]uint32{}}
	var added []transition
	for i, entry := range entries {
		found := split(entry)
		if len(found) == 0 || utf8.RuneCountInString(entry) > MaxEntry {
			return nil, errs.InvalidFields([]errs.Field{errs.Wrong(field, "invalid", "%q cannot be in a list of words: an entry has 1 to %d characters and a letter or a digit.", shortened(entry), MaxEntry)})
		}
		at := uint32(0)
		for _, w := range found {
			step := transition{at, l.symbol(w.text)}
			to, known := l.next[step]
			if !known {
				to = uint32(len(l.states))
				l.states = append(l.states, state{entry: -1})
				l.next[step] = to
				added = append(added, step)
			}
			at = to
		}
		if l.states[at].entry < 0 {
			l.states[at].entry = int32(i)
		}
	}
	l.link(added)
	return l, nil
}

func shortened(entry string) string {
	if utf8.RuneCountInString(entry) <= MaxEntry {
		return entry
	}
	return string([]rune(entry)[:MaxEntry]) + "..."
}

func (l *List) symbol(text string) uint32 {
	s, known := l.symbols[text]
	if !known {
		s = uint32(len(l.symbols))
		l.symbols[text] = s
	}
	return s
}

// link sets the shorter states, of short sequences first.
func (l *List) link(added []transition) {
	from := make([][]transition, len(l.states))
	for _, step := range added {
		from[step.from] = append(from[step.from], step)
	}
	queue := []uint32{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, step := range from[at] {
			to := l.next[step]
			queue = append(queue, to)
			s := &l.states[to]
			if at != 0 {
				s.shorter = l.advance(l.states[at].shorter, step.symbol)
			}
			if s.entry < 0 {
				s.entry = l.states[s.shorter].entry
			}
		}
	}
}

// advance returns the state after one more word.
func (l *List) advance(at, symbol uint32) uint32 {
	for {
		if to, ok := l.next[transition{at, symbol}]; ok {
			return to
		}
		if at == 0 {
			return 0
		}
		at = l.states[at].shorter
	}
}

// Find returns the entry that ends first in the text; ok is false if
// the text has none. The time is linear in the text, whatever the list.
func (l *List) Find(text string) (entry string, ok bool) {
	if len(l.entries) == 0 {
		return "", false
	}
	at := uint32(0)
	for _, w := range split(text) {
		symbol, known := l.symbols[w.text]
		if !known {
			at = 0
			continue
		}
		at = l.advance(at, symbol)
		if e := l.states[at].entry; e >= 0 {
			return l.entries[e], true
		}
	}
	return "", false
}
