package sheet

import (
	"bytes"
	"math"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/charset"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// minConfidence is the lowest confidence of a guess that is used.
const minConfidence = 0.7

// placeSize is the number of bytes that are read at a place of a ScanResult.
const placeSize = 4 << 10

// textEncoding is the encoding of a text.
type textEncoding struct {
	name       string
	mark       int     // length of the byte order mark
	confidence float64 // of a guess; 0 if the encoding was declared or proven
	firstLine  int     // first line that was guessed
	candidates []charset.Candidate
}

func (e textEncoding) decoder() *charset.Decoder {
	if e.confidence > 0 {
		return charset.NewGuessedDecoder(e.name)
	}
	return charset.NewDecoder(e.name)
}

// detectEncoding returns the encoding of a text: as declared, as found before, by
// proof, or by its letters. sample is its beginning. It fails with Invalid
// encoding_unclear, whose details have the candidates.
func detectEncoding(s *unpack.Stream, sample []byte, complete bool, opts Options) (textEncoding, error) {
	bomEncoding, bom := detectBOM(sample)
	switch {
	case opts.Encoding != "":
		declared, err := declaredEncoding(opts.Encoding, bomEncoding, len(bom))
		if err == nil && opts.CompareAll && bom == "" && detectUTF16(sample) == "" {
			var guess charset.Guess
			guess, _, err = guessLegacy(s, sample, complete, opts.Scan)
			declared.candidates = guess.Candidates
		}
		return declared, err
	case bom != "":
		return textEncoding{name: bomEncoding, mark: len(bom)}, nil
	case opts.Detected != nil && opts.Detected.Encoding != "":
		return textEncoding{name: opts.Detected.Encoding, confidence: opts.Detected.EncodingConfidence, firstLine: 1}, nil
	}
	if wide := detectUTF16(sample); wide != "" {
		return textEncoding{name: wide}, nil
	}
	if charset.UsesShifts(sample) {
		return textEncoding{name: charset.ISO2022JP, confidence: 0.99, firstLine: 1}, nil
	}
	guess, firstLine, err := guessLegacy(s, sample, complete, opts.Scan)
	if err != nil || guess.Encoding == "" {
		return textEncoding{name: charset.UTF8}, err
	}
	if guess.Confidence < minConfidence {
		return textEncoding{}, errs.New(errs.Invalid, "encoding_unclear", "The encoding of the file is unclear; set the option %s to the one that reads the names correctly. The candidates show samples.",
			encodingOption).WithDetails(map[string]any{"candidates": guess.Candidates})
	}
	return textEncoding{name: guess.Encoding, confidence: math.Round(guess.Confidence*100) / 100, firstLine: firstLine, candidates: guess.Candidates}, nil
}

// guessLegacy guesses the encoding of a text, and returns the first line that is not
// UTF-8. The guess is empty for UTF-8.
func guessLegacy(s *unpack.Stream, sample []byte, complete bool, scan *ScanResult) (guess charset.Guess, firstLine int, err error) {
	if scan == nil {
		scan = scanSample(sample, complete)
	}
	if scan.Invalid == 0 || scan.Multibyte > scan.Invalid {
		return charset.Guess{}, 1, nil
	}
	lines, firstLine := legacyLines(sample)
	more, err := linesAt(s, scan.Places, int64(len(sample)))
	if err != nil {
		return charset.Guess{}, firstLine, err
	}
	return charset.GuessEncoding(append(lines, more...)), firstLine, nil
}

// declaredEncoding leaves the byte order of UTF-16 to the mark.
func declaredEncoding(label, bomEncoding string, mark int) (textEncoding, error) {
	name, err := charset.Parse(label)
	switch {
	case err != nil:
		return textEncoding{}, err
	case name == charset.UTF8 && bomEncoding == charset.UTF8BOM, name == charset.UTF16 && charset.IsUTF16(bomEncoding), name == bomEncoding:
		return textEncoding{name: bomEncoding, mark: mark}, nil
	case name == charset.UTF16:
		return textEncoding{name: charset.UTF16LE}, nil
	}
	return textEncoding{name: name}, nil
}

// maxLines is the number of lines of the sample that are judged.
const maxLines = 2000

// legacyLines returns the first lines of a text that are not UTF-8, and the number
// of the first one; 1 if there is none.
func legacyLines(text []byte) (lines [][]byte, first int) {
	end := byte('\n')
	if bytes.IndexByte(text, end) < 0 {
		end = '\r'
	}
	first, number := 1, 0
	for line := range bytes.SplitSeq(text, []byte{end}) {
		number++
		if utf8.Valid(line) {
			continue
		}
		if len(lines) == 0 {
			first = number
		}
		if lines = append(lines, line); len(lines) == maxLines {
			break
		}
	}
	return lines, first
}

// linesAt returns the lines that are not UTF-8 at places behind the sample.
func linesAt(s *unpack.Stream, places []int64, sample int64) (lines [][]byte, err error) {
	for _, place := range places {
		if place < sample || s.IsPacked() {
			continue
		}
		if err := s.SetOffset(place - placeSize/2); err != nil {
			return nil, err
		}
		text := make([]byte, placeSize)
		n, err := s.ReadPrefix(text)
		if err != nil {
			return nil, err
		}
		text = text[:n]
		if from, to := bytes.IndexAny(text, "\r\n"), bytes.LastIndexAny(text, "\r\n"); from < to {
			text = text[from:to]
		}
		more, _ := legacyLines(text)
		lines = append(lines, more...)
	}
	return lines, nil
}
