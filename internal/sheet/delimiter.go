package sheet

import "bytes"

// delimiterRecords is how many records decide on the delimiter.
const delimiterRecords = 50

// findDelimiter takes the delimiter that splits the header into the most
// cells and the records after it into as many as the header. b has one byte
// per character unit; a table of one column has a comma.
func findDelimiter(b []byte, eol byte) byte {
	best, bestScore := byte(','), 0.0
	for _, d := range []byte(",;\t|") {
		if score := delimiterScore(b, eol, d); score > bestScore {
			best, bestScore = d, score
		}
	}
	return best
}

// delimiterScore is 0 when the header is one cell. An even split of all
// records counts up to eleven times as much as that of the header alone.
func delimiterScore(b []byte, eol, delimiter byte) float64 {
	header, records, even := 0, 0, 0
	for len(b) > 0 && records < delimiterRecords {
		var line []byte
		line, b = cutRecord(b, eol, delimiter)
		if len(bytes.TrimRight(line, "\r")) == 0 {
			continue
		}
		n := countCells(line, delimiter)
		if header == 0 {
			header = n
			continue
		}
		records++
		if n == header {
			even++
		}
	}
	share := 1.0
	if records > 0 {
		share = float64(even) / float64(records)
	}
	return float64(header-1) * (0.1 + share)
}

// cutRecord returns the first record of b and what follows. A quote that does
// not close within a few KiB is taken for a stray one.
func cutRecord(b []byte, eol, delimiter byte) (record, rest []byte) {
	const far = 16 << 10
	first := bytes.IndexByte(b, eol)
	if first < 0 {
		return b, nil
	}
	end := first
	for unclosed(b[:end], delimiter, false) {
		quote := closingQuote(b[:min(len(b), far)], min(end, far))
		if quote < 0 {
			end = first
			break
		}
		next := bytes.IndexByte(b[quote:], eol)
		if next < 0 {
			return b, nil
		}
		end = quote + next
	}
	return b[:end], b[end+1:]
}

func countCells(b []byte, delimiter byte) int {
	cells := 1
	for i := 0; ; {
		if i < len(b) && b[i] == '"' {
			end := closingQuote(b, i+1)
			if end < 0 {
				return cells
			}
			i = end + 1
		}
		j := bytes.IndexByte(b[i:], delimiter)
		if j < 0 {
			return cells
		}
		i += j + 1
		cells++
	}
}
