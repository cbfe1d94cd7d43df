package emoji

// All returns every kind of the table.
func All() (kinds []Kind) {
	for _, line := range loaded().lines {
		kinds = append(kinds, kindAt(line))
	}
	return kinds
}
