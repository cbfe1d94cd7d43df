package uitest_test

import (
	"net/url"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
)

func TestMappedValuesOfAnEarlierFileAreNamed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		level, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, field.Input{Field: "level", Name: "Level", Type: field.Select, Options: []string{"Pro", "Free"}})
		if err != nil {
			t.Fatal(err)
		}
		const file = "Email,Username,First Name,Last Name,Level\nmia@example.com,mia,Mia,M,Gold\nned@example.com,ned,Ned,N,Wood\n"
		draft := olivia.stageFile(communityID, "spring.csv", file)
		olivia.follow(draft+"/values", url.Values{"column": {"Level"}, "from-0": {"Gold"}, "to-0": {"Pro"}, "from-1": {"Wood"}, "to-1": {"Free"}})
		olivia.awaitJob(communityID, olivia.follow(draft+"/columns", nil))
		page := olivia.get(olivia.stageFile(communityID, "summer.csv", file))
		olivia.seesOn(page, "Columns are matched as by <strong>olivia</strong>", "2 mapped values are used again.", "2 values mapped")
		if _, err := a.FieldChanges.UpdateField(t.Context(), apptest.Operator, communityID, level.ID, field.Update{Options: []string{"Free"}, Replace: map[string]*string{"Pro": nil}}); err != nil {
			t.Fatal(err)
		}
		page = olivia.get(olivia.stageFile(communityID, "autumn.csv", file))
		olivia.seesOn(page, "1 mapped value is used again.", "1 mapped value is ignored, because it does not exist now: Level: Gold → Pro", "1 value mapped")
	})
}
