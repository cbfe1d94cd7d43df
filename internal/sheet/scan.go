package sheet

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"unicode/utf8"
)

// Scanner collects statistics of the bytes written to it; tee an upload
// through it. The zero value is ready to use.
type Scanner struct {
	result  ScanResult
	tail    [utf8.UTFMax]byte // incomplete character at the end of the last Write
	tailLen int
	hash    hash.Hash // of all bytes; nil before the first
	gap     int64     // minimum distance of places; 0 before the first
}

// ScanResult is the result of a Scanner, small enough to be stored with the
// file.
type ScanResult struct {
	Size      int64 `json:"size"`
	ValidUTF8 bool  `json:"validUtf8"`
	Multibyte int64 `json:"multibyte"` // valid UTF-8 characters of more than one byte
	Invalid   int64 `json:"invalid"`   // bytes that are not UTF-8
	NUL       bool  `json:"nul"`       // at least one zero byte

	Places []int64 `json:"places,omitempty"` // offsets of some invalid bytes, spread over the file

	SHA256 string `json:"sha256,omitempty"` // hex; "" for files stored by an older version

	Contents *Contents `json:"contents,omitempty"` // set by a caller of Table.Count; nil: not counted
}

// emptySHA256 is the checksum of empty input.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

const (
	maxPlaces = 32
	firstGap  = 64 << 10
)

// addPlace adds the offset of an invalid byte unless the last place is near.
// Places are thinned out in a long file.
func (s *Scanner) addPlace(at int64) {
	places := s.result.Places
	if len(places) > 0 && at < places[len(places)-1]+s.gap {
		return
	}
	if len(places) == maxPlaces {
		for i := range maxPlaces / 2 {
			places[i] = places[2*i]
		}
		places = places[:maxPlaces/2]
		s.gap *= 2
	}
	s.gap = max(s.gap, firstGap)
	places = append(places, at)
	s.result.Places = places
}

// Write never fails.
func (s *Scanner) Write(p []byte) (int, error) {
	n := len(p)
	s.result.Size += int64(n)
	if s.hash == nil {
		s.hash = sha256.New()
	}
	_, _ = s.hash.Write(p) // never fails
	if !s.result.NUL && bytes.IndexByte(p, 0) >= 0 {
		s.result.NUL = true
	}
	for s.tailLen > 0 && len(p) > 0 {
		s.tail[s.tailLen] = p[0]
		s.tailLen++
		p = p[1:]
		s.flushTail(s.result.Size-int64(len(p)), false)
	}
	rest := s.countRunes(p, s.result.Size-int64(len(p)))
	s.tailLen += copy(s.tail[s.tailLen:], rest)
	return n, nil
}

// flushTail counts the complete characters of the tail, or all of it. The tail ends
// at the offset end.
func (s *Scanner) flushTail(end int64, all bool) {
	for s.tailLen > 0 && (all || utf8.FullRune(s.tail[:s.tailLen])) {
		r, size := utf8.DecodeRune(s.tail[:s.tailLen])
		s.countRune(r, size, end-int64(s.tailLen))
		s.tailLen = copy(s.tail[:], s.tail[size:s.tailLen])
	}
}

func (s *Scanner) countRune(r rune, size int, at int64) {
	switch {
	case r == utf8.RuneError && size == 1:
		s.result.Invalid++
		s.addPlace(at)
	case size > 1:
		s.result.Multibyte++
	}
}

// countRunes counts the characters of p, which starts at an offset, and returns an
// incomplete last one.
func (s *Scanner) countRunes(p []byte, at int64) []byte {
	end := at + int64(len(p))
	for len(p) > 0 {
		if len(p) >= 8 && binary.NativeEndian.Uint64(p)&highBits == 0 {
			p = p[8:]
			continue
		}
		if p[0] < utf8.RuneSelf {
			p = p[1:]
			continue
		}
		if !utf8.FullRune(p) {
			return p
		}
		r, size := utf8.DecodeRune(p)
		s.countRune(r, size, end-int64(len(p)))
		p = p[size:]
	}
	return nil
}

// highBits has the high bit of each of eight bytes.
const highBits = 0x8080808080808080

// Result returns the result for the bytes written so far.
func (s *Scanner) Result() ScanResult {
	end := *s
	end.result.Places = slices.Clone(s.result.Places)
	end.flushTail(s.result.Size, true)
	end.result.SHA256 = emptySHA256
	if s.hash != nil {
		end.result.SHA256 = hex.EncodeToString(s.hash.Sum(nil))
	}
	end.result.ValidUTF8 = end.result.Invalid == 0
	return end.result
}
