"""The course's data: every loader returns the same arrays from the best source and prints which one it used.

The sources, in order: the folder ``LABS_DATA_DIR``, the user's cache (``LABS_CACHE_DIR`` moves it), a download, and a
stand-in that needs no network. ``LABS_OFFLINE=1`` goes straight to the stand-in.
"""

from labs_utils.datasets import portraits
from labs_utils.datasets.chihuahua import load_chihuahua
from labs_utils.datasets.digits import load_digits
from labs_utils.datasets.faces import Faces, load_faces
from labs_utils.datasets.image_folder import PictureFolder, load_image_folder
from labs_utils.datasets.mnist import load_mnist
from labs_utils.datasets.photographs import load_photographs
from labs_utils.datasets.roads import make_roads
from labs_utils.datasets.scenes import SHAPES, TAG_BOX, add_tag, make_scenes
from labs_utils.datasets.textures import load_textures

__all__ = [
    "SHAPES",
    "TAG_BOX",
    "Faces",
    "PictureFolder",
    "add_tag",
    "load_chihuahua",
    "load_digits",
    "load_faces",
    "load_image_folder",
    "load_mnist",
    "load_photographs",
    "load_textures",
    "make_roads",
    "make_scenes",
    "portraits",
]
