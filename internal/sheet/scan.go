package sheet

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"unicode/utf8"
)

// Scan judges bytes as they stream past; tee an upload through it. The zero
// value is ready.
type Scan struct {
	verdict Verdict
	tail    [utf8.UTFMax]byte // start of a character that the next Write ends
	tailLen int
	sum     hash.Hash // of all bytes, nil before the first
}

// Verdict is what Scan saw. It is small and meant to be kept beside the file.
type Verdict struct {
	Size      int64 `json:"size"`
	ValidUTF8 bool  `json:"validUtf8"`
	Multibyte int64 `json:"multibyte"` // valid UTF-8 characters of two bytes and more
	Invalid   int64 `json:"invalid"`   // bytes that are not UTF-8
	NUL       bool  `json:"nul"`       // at least one zero byte

	SHA256 string `json:"sha256,omitempty"` // of the bytes, in hex; "": of a file of an older version
}

// emptySHA256 is the checksum of no bytes.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Write judges p. It never fails.
func (s *Scan) Write(p []byte) (int, error) {
	n := len(p)
	s.verdict.Size += int64(n)
	if s.sum == nil {
		s.sum = sha256.New()
	}
	_, _ = s.sum.Write(p) // never fails
	if !s.verdict.NUL && bytes.IndexByte(p, 0) >= 0 {
		s.verdict.NUL = true
	}
	for s.tailLen > 0 && len(p) > 0 {
		s.tail[s.tailLen] = p[0]
		s.tailLen++
		p = p[1:]
		s.flushTail(false)
	}
	rest := s.count(p)
	s.tailLen += copy(s.tail[s.tailLen:], rest)
	return n, nil
}

// flushTail counts what is complete at the start of the tail, or all of it.
func (s *Scan) flushTail(all bool) {
	for s.tailLen > 0 && (all || utf8.FullRune(s.tail[:s.tailLen])) {
		r, size := utf8.DecodeRune(s.tail[:s.tailLen])
		s.add(r, size)
		s.tailLen = copy(s.tail[:], s.tail[size:s.tailLen])
	}
}

func (s *Scan) add(r rune, size int) {
	switch {
	case r == utf8.RuneError && size == 1:
		s.verdict.Invalid++
	case size > 1:
		s.verdict.Multibyte++
	}
}

// count judges p up to a character that p does not end, which it returns.
func (s *Scan) count(p []byte) []byte {
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
		s.add(r, size)
		p = p[size:]
	}
	return nil
}

const highBits = 0x8080808080808080

// Verdict returns what was seen until now, taking that for the whole file.
func (s *Scan) Verdict() Verdict {
	end := *s
	end.flushTail(true)
	end.verdict.SHA256 = emptySHA256
	if s.sum != nil {
		end.verdict.SHA256 = hex.EncodeToString(s.sum.Sum(nil))
	}
	end.verdict.ValidUTF8 = end.verdict.Invalid == 0
	return end.verdict
}
