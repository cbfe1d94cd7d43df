package charset

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Guess is a guessed encoding.
type Guess struct {
	Encoding   string
	Confidence float64     // from 0 to 1
	Candidates []Candidate // the most plausible first; encodings that read the same are one
}

// Candidate is an encoding with text that it reads.
type Candidate struct {
	Encoding string `json:"encoding"`
	Sample   string `json:"sample"`
}

// candidate is an encoding with its languages. prior is ln of its frequency
// relative to the most frequent encoding.
type candidate struct {
	name      string
	prior     float64
	languages string
}

const (
	western  = "de fr es pt it nl sv da nb fi is en"
	central  = "pl cs sk hu ro hr sl de"
	baltic   = "lt lv et de"
	cyrillic = "ru uk be bg sr mk"
)

var candidates = []candidate{
	{Windows1252, 0, western},
	{"iso-8859-15", -3, western},
	{"macintosh", -2.5, western},
	{"ibm850", -2.5, western},
	{"ibm437", -3, western},
	{"windows-1250", -2, central},
	{"iso-8859-2", -3, central},
	{"ibm852", -3, central},
	{"windows-1254", -2, "tr de"},
	{"windows-1257", -2.5, baltic},
	{"iso-8859-13", -4, baltic},
	{"windows-1258", -2.5, "vi"},
	{"windows-1251", -0.7, cyrillic},
	{"koi8-r", -2, "ru bg"},
	{"koi8-u", -3, "uk ru"},
	{"ibm866", -2.5, "ru be"},
	{"iso-8859-5", -3.5, cyrillic},
	{"x-mac-cyrillic", -4, "ru uk"},
	{"windows-1253", -1.5, "el"},
	{"iso-8859-7", -2.5, "el"},
	{"windows-1255", -1.5, "he"},
	{"iso-8859-8", -3, "he"},
	{"windows-1256", -1.5, "ar fa"},
	{"iso-8859-6", -4, "ar"},
	{"windows-874", -2, "th"},
	{"gbk", -0.7, "zh-hans zh-hant"},
	{"big5", -1, "zh-hant"},
	{"shift_jis", -0.7, "ja ja-half"},
	{"euc-jp", -2, "ja"},
	{"euc-kr", -1, "ko"},
}

// all returns the languages of a candidate.
func (c candidate) all() (list []*language) {
	for name := range strings.FieldsSeq(c.languages) {
		list = append(list, languages()[name])
	}
	return list
}

const (
	maxWords      = 300     // different words that are scored
	maxPart       = 200     // bytes of a scored word
	firstWords    = 24      // after these, hopeless candidates are dropped
	hopeless      = 60.0    // behind the best score
	sharpness     = 0.6     // below 1, because letters of a word are not independent
	mainShare     = 0.4     // of the main language of a file, the rest of all languages of the encoding
	maxCandidates = 6       // in a Guess
	maxSample     = 3       // texts in a sample
	rarity        = 3       // times the prior, for one of the encodings that read the same
	noisePrior    = -6.0    // of bytes without a meaning
	noiseByte     = 4.85    // ln 128
	noiseLetter   = 4.0     // an ASCII letter beside such a byte
	minPlausible  = 0.00005 // probability of a listed candidate beside the first four
)

// guesser scores one candidate.
type guesser struct {
	candidate
	langs  []*language
	scores []float64 // by language, of all words so far
	texts  []string
	score  float64
	costs  []float64 // of the current word
}

// GuessEncoding guesses the encoding of lines that are not UTF-8 by the letters
// of common languages. Candidates is empty if no line has a byte above ASCII.
func GuessEncoding(lines [][]byte) Guess {
	words := split(lines, isBetweenWords, maxWords)
	if len(words) == 0 {
		return Guess{Candidates: []Candidate{}}
	}
	var all []*guesser
	for _, c := range candidates {
		all = append(all, newGuesser(c))
	}
	for from, to := 0, min(firstWords, len(words)); from < len(words); from, to = to, len(words) {
		best := math.Inf(-1)
		for _, g := range all {
			g.read(words[from:to])
			best = max(best, g.score)
		}
		all = slices.DeleteFunc(all, func(g *guesser) bool { return g.score < best-hopeless })
	}
	return rank(all, noiseScore(words), split(lines, isBetweenCells, maxSample))
}

// split returns the parts of lines with bytes above ASCII between separators, each
// once. Separators are ASCII characters that are part of no other character in any
// encoding: those before 0, and : ; < = > ?.
func split(lines [][]byte, isSeparator func(rune) bool, limit int) (parts [][]byte) {
	seen := map[string]bool{}
	for _, line := range lines {
		for part := range bytes.FieldsFuncSeq(line, isSeparator) {
			if len(part) > maxPart || isASCII(part) || seen[string(part)] {
				continue
			}
			seen[string(part)] = true
			if parts = append(parts, part); len(parts) == limit {
				return parts
			}
		}
	}
	return parts
}

func isBetweenWords(r rune) bool { return r < '0' || r >= ':' && r <= '?' }

func isBetweenCells(r rune) bool {
	return r == ',' || r == ';' || r == '\t' || r == '"' || r == '\n' || r == '\r'
}

func newGuesser(c candidate) *guesser {
	g := &guesser{candidate: c, langs: c.all()}
	g.scores, g.costs = make([]float64, len(g.langs)), make([]float64, len(g.langs))
	for i := range g.scores {
		g.scores[i] = c.prior - math.Log(float64(len(g.langs)))
		if i > 0 && len(g.langs) < 4 || i == len(g.langs)-1 { // the others are rare
			g.scores[i] -= 2
		}
	}
	return g
}

func (g *guesser) read(words [][]byte) {
	d := NewDecoder(g.name)
	for _, word := range words {
		plain, _ := d.Decode(word)
		text := string(plain)
		g.texts = append(g.texts, text)
		g.readText(text)
	}
	g.score = logSum(g.scores)
}

// readText scores the words with a character above ASCII.
func (g *guesser) readText(text string) {
	eachWord(text, func(word []rune) {
		shape := caseCost(word)
		for i, r := range word {
			word[i] = unicode.ToLower(r)
		}
		best := math.Inf(1)
		for i, l := range g.langs {
			g.costs[i] = l.cost(word)
			best = min(best, g.costs[i])
		}
		mixed := 0.0
		for _, c := range g.costs {
			mixed += math.Exp(best-c) / float64(len(g.costs))
		}
		for i, c := range g.costs {
			g.scores[i] += math.Log(mainShare*math.Exp(best-c)+(1-mainShare)*mixed) - best - shape
		}
	})
}

// eachWord calls word for each word with a character above ASCII. Such characters
// are parts of words even if they are no letters.
func eachWord(text string, word func([]rune)) {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r < utf8.RuneSelf && !unicode.IsLetter(r) }) {
		if !isASCII([]byte(part)) {
			word([]rune(part))
		}
	}
}

// textCost returns the cost of the words with a character above ASCII, each in its
// cheapest language.
func textCost(text string, langs []*language) float64 {
	total := 0.0
	eachWord(text, func(word []rune) {
		total += caseCost(word)
		for i, r := range word {
			word[i] = unicode.ToLower(r)
		}
		best := math.Inf(1)
		for _, l := range langs {
			best = min(best, l.cost(word))
		}
		total += best
	})
	return total
}

// noiseScore is the score of bytes that mean nothing.
func noiseScore(words [][]byte) float64 {
	score := noisePrior
	for _, word := range words {
		for _, b := range word {
			if b >= utf8.RuneSelf {
				score -= noiseByte
			} else {
				score -= noiseLetter
			}
		}
	}
	return score
}

func logSum(scores []float64) float64 {
	best := slices.Max(scores)
	sum := 0.0
	for _, s := range scores {
		sum += math.Exp(s - best)
	}
	return best + math.Log(sum)
}

// rank returns the best of the scored candidates. Candidates that read the same
// text share their probability.
func rank(all []*guesser, noise float64, cells [][]byte) Guess {
	slices.SortStableFunc(all, func(a, b *guesser) int { return cmp.Compare(b.score, a.score) })
	best := max(all[0].score, noise)
	total := math.Exp(sharpness * (noise - best))
	var groups []*guesser // a member of each, the most plausible group first
	share, place := map[string]float64{}, map[string]int{}
	for _, g := range all {
		p := math.Exp(sharpness * (g.score - best))
		total += p
		text := strings.Join(g.texts, "\n")
		share[text] += p
		if at, known := place[text]; !known {
			place[text] = len(groups)
			groups = append(groups, g)
		} else if g.score+rarity*g.prior > groups[at].score+rarity*groups[at].prior {
			groups[at] = g
		}
	}
	guess := Guess{Encoding: groups[0].name}
	for i, g := range groups {
		p := share[strings.Join(g.texts, "\n")] / total
		if i == 0 {
			guess.Confidence = p
		}
		if i < 4 || i < maxCandidates && p > minPlausible {
			guess.Candidates = append(guess.Candidates, Candidate{g.name, sample(g.name, cells)})
		}
	}
	return guess
}

// sample returns cells as an encoding reads them.
func sample(encoding string, cells [][]byte) string {
	d := NewDecoder(encoding)
	texts := make([]string, len(cells))
	for i, cell := range cells {
		plain, _ := d.Decode(bytes.TrimSpace(cell))
		texts[i] = string(plain)
	}
	return strings.Join(texts, ", ")
}
