package list

import (
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/words"
)

// Feature describes the package to the application.
func (l *Lists) Feature() feature.Feature {
	return feature.Feature{Name: "list", Limits: []feature.Limit{{Name: "search_query", Value: words.MaxQuery, Unit: "characters"}}}
}
