package bulk

import (
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/field"
)

// faults are all that is wrong with a row that failed when it was read: what
// was found then, and roles and tags that nobody has to be looked up for.
// Whose row it is, and what depends on that, is not asked: people of rows with
// problems are never looked up, so a conflict of theirs, or a value that a new
// member lacks, is told once the rest is mended.
func (p *planner) faults(r *row) []Problem {
	problems := slices.Clip(r.problems) // the row may be decided again
	mark := len(p.newTags)
	for i := range r.sets {
		s := &r.sets[i]
		list, named := s.value.(names)
		if !named {
			continue
		}
		var problem *Problem
		if s.field.Type == field.RoleList {
			_, problem = p.rolesNamed(s, list)
		} else {
			_, problem = p.tagList(s, list)
		}
		if problem != nil {
			problems = append(problems, *problem)
		}
	}
	p.forgetTags(mark)
	return problems
}

// rolesNamed are the ids of the roles a cell names, in its order.
func (p *planner) rolesNamed(s *set, list names) ([]string, *Problem) {
	ids := []string{}
	for _, name := range list {
		role, ok := p.roles[name]
		switch {
		case !ok:
			return nil, &Problem{s.column.header, "unknown_role", fmt.Sprintf("There is no role %q; names are compared with their case.", name), s.text}
		case p.open && (role.Billable || role.GrantsPermission()):
			return nil, &Problem{s.column.header, "role_protected", fmt.Sprintf("The role %q carries permissions or is billable, so an import without a credential cannot give it.", name), s.text}
		}
		ids = append(ids, role.ID)
	}
	return ids, nil
}
