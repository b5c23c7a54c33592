"""How the course's pictures look. `python site/figures` applies it; a script needs it only for a colour by name.

Every picture is read on a white card, in both colour schemes and on a phone 360 pixels wide, so type is large against
the figure. Colours are Okabe and Ito's (2008), told apart by colour-blind readers too.
"""

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#9c5a8a", "#56b4e9", "#b8a500",
)  # fmt: skip
INK, MUTED, FAINT = "#1c2330", "#5c6675", "#d9dee6"
CYCLE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW)

# What the phases of the road look like on the site, from noise to picture.
PHASES = ("#4a66e0", "#8150d0", "#b8419a", "#c44f27", "#96700b")


def rc() -> dict[str, object]:
    """The settings, for `matplotlib.rc_context`."""
    from cycler import cycler

    return {
        "figure.figsize": (6.4, 3.6),
        "figure.facecolor": "white",
        "figure.constrained_layout.use": True,
        "savefig.facecolor": "white",
        "font.family": "DejaVu Sans",
        "font.size": 11,
        "axes.titlesize": 11,
        "axes.labelsize": 11,
        "axes.labelcolor": INK,
        "axes.edgecolor": MUTED,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=CYCLE),
        "axes.grid": False,
        "grid.color": FAINT,
        "grid.linewidth": 0.7,
        "text.color": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelsize": 10,
        "ytick.labelsize": 10,
        "legend.frameon": False,
        "legend.fontsize": 10,
        "lines.linewidth": 2.0,
        "image.cmap": "gray",
        "image.interpolation": "nearest",
        "svg.fonttype": "path",
        "svg.hashsalt": "zero-to-diffusion",
    }
