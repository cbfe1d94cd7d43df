package source

import "github.com/regulars/regulars/internal/field"

// otherHeaders are names of the default fields in other programs. They are
// suggestions and never applied without a choice.
var otherHeaders = map[string]string{
	"given name": field.FirstName, "forename": field.FirstName, "first": field.FirstName, "vorname": field.FirstName, "nombre": field.FirstName, "prenom": field.FirstName,
	"surname": field.LastName, "family name": field.LastName, "last": field.LastName, "nachname": field.LastName, "apellido": field.LastName, "apellidos": field.LastName, "nom": field.LastName,
	"user": field.Username, "user name": field.Username, "login": field.Username, "nickname": field.Username, "handle": field.Username, "benutzername": field.Username,
	"mail": field.EmailName, "e mail": field.EmailName, "email address": field.EmailName, "e mail address": field.EmailName, "mail address": field.EmailName, "correo": field.EmailName,
	"telephone": field.PhoneName, "mobile": field.PhoneName, "phone number": field.PhoneName, "cell": field.PhoneName, "tel": field.PhoneName, "telefon": field.PhoneName,
	"nation": field.CountryName, "country code": field.CountryName, "land": field.CountryName, "locale": field.LanguageName, "lang": field.LanguageName, "sprache": field.LanguageName,
	"roles": field.RoleName, "tags": field.TagName, "labels": field.TagName, "groups": field.RoleName,
}

// distance is the number of letters to add, remove, replace or swap between a
// and b; limit+1 if it is more than limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 100 || len(y) > 100 || len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	before, above := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above = above, row
	}
	return above[len(y)]
}
