package channel

import (
	"net/http"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) createCategory(v *ui.Request) error {
	name := v.PostFormValue("name")
	made, err := h.Chat.CreateCategory(v.Context(), v.Actor, v.Community.ID, name)
	if err != nil {
		return h.renderChannels(v, ChannelsView{Name: name}, err)
	}
	return v.Redirect(v.In("/channels"), v.T("Category %s created", made.Name))
}

func (h *handlers) moveCategory(v *ui.Request) error {
	categories, err := h.Chat.Categories(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	for i, one := range categories {
		if one.ID != v.PathValue("category") {
			continue
		}
		position := i - 1
		if v.PostFormValue("way") == "down" {
			position = i + 1
		}
		if _, err := h.Chat.UpdateCategory(v.Context(), v.Actor, v.Community.ID, one.ID, chat.CategoryChange{Position: &position}); err != nil {
			return h.renderChannels(v, ChannelsView{}, err)
		}
	}
	way := "up"
	if v.PostFormValue("way") == "down" {
		way = "down"
	}
	http.Redirect(v.W, v.Request, v.In("/channels?moved="+v.PathValue("category")+"-"+way), http.StatusSeeOther)
	return nil
}

func (h *handlers) showCategory(v *ui.Request) error {
	found, err := h.Chat.Category(v.Context(), v.Actor, v.Community.ID, v.PathValue("category"))
	if err != nil {
		return err
	}
	p, err := h.Page(v, found.Name, "channels", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, CategoryPage(CategoryView{Page: p, ID: found.ID, Was: found.Name, Name: found.Name}))
}

func (h *handlers) changeCategory(v *ui.Request) error {
	name := v.PostFormValue("name")
	_, err := h.Chat.UpdateCategory(v.Context(), v.Actor, v.Community.ID, v.PathValue("category"), chat.CategoryChange{Name: &name})
	if err == nil {
		return v.Redirect(v.In("/channels"), "Saved")
	}
	wrong := ui.FieldErrors(v.Context(), err)
	if wrong == nil {
		return err
	}
	found, err := h.Chat.Category(v.Context(), v.Actor, v.Community.ID, v.PathValue("category"))
	if err != nil {
		return err
	}
	p, err := h.Page(v, found.Name, "channels", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusBadRequest, CategoryPage(CategoryView{Page: p, ID: found.ID, Was: found.Name, Name: name, Error: wrong["name"]}))
}

func (h *handlers) deleteCategory(v *ui.Request) error {
	err := h.Chat.DeleteCategory(v.Context(), v.Actor, v.Community.ID, v.PathValue("category"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // already deleted
		return err
	}
	return v.Redirect(v.In("/channels"), "Category deleted. Its channels remain.")
}

// CategoryView is a category that is changed.
type CategoryView struct {
	ui.Page
	ID, Was, Name string
	Error         string
}
