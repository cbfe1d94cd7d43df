package text

import "fmt"

// Size is a number of bytes for a message.
func Size(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.4g GiB", float64(bytes)/(1<<30))
	}
	return fmt.Sprintf("%.4g MiB", float64(bytes)/(1<<20))
}
