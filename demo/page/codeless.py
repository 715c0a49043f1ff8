"""What stands on a tab about codes while a model without a codebook is chosen: why nothing else is
there, and two ways on."""

from demo.models import library as models
from demo.models.library import ModelError
from demo.settings import Settings

HIDDEN = "#vq-reconstruct, #vq-edit, #vq-codebook, #vq-generate"
"""What would stand on those tabs. The section brings the rule along: one that asked the whole page
for it (`:has`) would be decided anew at every change of any tab."""
KINDS = {"ae": "an autoencoder", "vae": "a VAE", "cvae": "a conditional VAE"}


def codeless(settings: Settings, model_id: object) -> str:
    """HTML; "" for a model with a codebook, and where there is none at all."""
    try:
        entry = models.find_model(model_id, settings)
    except ModelError:
        return ""
    kind = KINDS.get(str(entry.info["kind"]))
    if kind is None:
        return ""
    other = models.default_model(models.list_models(settings))
    use = f'<button type="button" data-choose="{other}">Use {other}</button>' if other else ""
    return (
        f"<style>{HIDDEN} {{ display: none; }}</style>"
        '<section class="vq-codeless vq-empty"><h2>This model has no codebook</h2>'
        f"<p>It is {kind}: it keeps a vector of {entry.info['latent_dim']:,} numbers instead of a "
        "grid of codes, so there are no codes to look at, change or redraw. The Compare tab "
        f"shows what each of the two does to a picture.</p>{use}"
        '<button type="button" data-open="compare">Go to Compare</button></section>'
    )
