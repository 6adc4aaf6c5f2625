"""Small images of a MuJoCo model without OpenGL: an own ray caster over a background that is drawn once.

Shapes of bodies that cannot move are drawn when the camera is made; a frame copies them and casts only the
rays that may meet a shape that moves. Shading is flat: ambient light and a headlight (Lambert). The same
model and positions give the same bytes on the same build, in however many threads.

Shape letters: B frames, S moving shapes, H height, W width.
"""

import mujoco
import numpy as np
from numpy.typing import NDArray

from envs.manipulation.raycast import (
    BOX,
    CYLINDER,
    FAR,
    NOTHING,
    PLANE,
    Canvas,
    Shapes,
    View,
    draw_background,
    draw_frames,
    draw_ids,
)

KINDS = {
    int(mujoco.mjtGeom.mjGEOM_PLANE): PLANE,
    int(mujoco.mjtGeom.mjGEOM_BOX): BOX,
    int(mujoco.mjtGeom.mjGEOM_CYLINDER): CYLINDER,
}


class Camera:
    """Looks at a model through its camera 0.

    Args:
        model: its visible geoms must be planes, boxes and cylinders.
        size: H and W in pixels.

    Raises:
        ValueError: on another kind of geom, or a size below 1.
    """

    def __init__(self, model: mujoco.MjModel, size: int) -> None:
        if size < 1:
            raise ValueError(f"size: {size!r}, expected at least 1 pixel")
        self.size = size
        seen = [geom for geom in range(model.ngeom) if model.geom_rgba[geom, 3] > 0]
        self.moving = np.array([geom for geom in seen if _moves(model, geom)], dtype=np.int64)
        """[S] ids of the geoms that may move."""
        still = np.array([geom for geom in seen if not _moves(model, geom)], dtype=np.int64)
        self._shapes = _shapes(model, self.moving)
        self._view = _view(model, size)
        self._background = Canvas(
            np.zeros((size, size, 3), dtype=np.uint8),
            np.full((size, size), FAR, dtype=np.float32),
            np.full((size, size), NOTHING, dtype=np.int16),
        )
        data = mujoco.MjData(model)
        mujoco.mj_kinematics(model, data)
        poses = np.ascontiguousarray(data.geom_xpos[still]), data.geom_xmat[still].reshape(-1, 3, 3)
        draw_background(_shapes(model, still), *poses, self._view, self._background)

    def poses(self, data: mujoco.MjData) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions [S, 3] and rotations [S, 3, 3] of the moving shapes, after `mj_kinematics`."""
        return data.geom_xpos[self.moving], data.geom_xmat[self.moving].reshape(-1, 3, 3)

    def images(self, positions: NDArray[np.float64], rotations: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Images [B, H, W, 3] of shapes at positions [B, S, 3] with rotations [B, S, 3, 3], both float64.

        Raises:
            ValueError: on another shape.
        """
        positions, rotations = self._checked(positions, rotations)
        images = np.empty((len(positions), self.size, self.size, 3), dtype=np.uint8)
        images[:] = self._background.image
        draw_frames(self._shapes, positions, rotations, self._view, self._background, images)
        return images

    def ids(self, positions: NDArray[np.float64], rotations: NDArray[np.float64]) -> NDArray[np.int16]:
        """Which geom each pixel shows, [B, H, W], -1 for none; arguments as of `images`."""
        positions, rotations = self._checked(positions, rotations)
        ids = np.empty((len(positions), self.size, self.size), dtype=np.int16)
        ids[:] = self._background.ids
        draw_ids(self._shapes, positions, rotations, self._view, self._background, ids)
        return ids

    def _checked(
        self, positions: NDArray, rotations: NDArray
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both as contiguous float64."""
        expected = (len(positions), len(self.moving), 3)
        if np.shape(positions) != expected or np.shape(rotations) != (*expected, 3):
            raise ValueError(
                f"poses: {np.shape(positions)} and {np.shape(rotations)}, "
                f"expected {expected} and {(*expected, 3)}"
            )
        return np.ascontiguousarray(positions, np.float64), np.ascontiguousarray(rotations, np.float64)


def _moves(model: mujoco.MjModel, geom: int) -> bool:
    """Whether the geom's body hangs on a joint or a mocap body."""
    body = model.geom_bodyid[geom]
    return bool(model.body_weldid[body] != 0 or model.body_mocapid[model.body_rootid[body]] >= 0)


def _shapes(model: mujoco.MjModel, geoms: NDArray[np.int64]) -> Shapes:
    for geom in geoms:
        if int(model.geom_type[geom]) not in KINDS:
            kind = mujoco.mjtGeom(model.geom_type[geom]).name
            raise ValueError(f"geom {model.geom(geom).name!r}: {kind}, expected a plane, box or cylinder")
    return Shapes(
        kinds=np.array([KINDS[int(model.geom_type[geom])] for geom in geoms], dtype=np.int64),
        sizes=np.ascontiguousarray(model.geom_size[geoms], dtype=np.float64),
        colours=model.geom_rgba[geoms, :3].astype(np.float64) * 255.0,
        ids=geoms,
    )


def _view(model: mujoco.MjModel, size: int) -> View:
    light = model.vis.headlight
    return View(
        eye=model.cam_pos0[0].copy(),
        axes=np.ascontiguousarray(model.cam_mat0[0].reshape(3, 3)),
        focal=0.5 * size / float(np.tan(np.deg2rad(model.cam_fovy[0]) / 2)),
        ambient=float(light.ambient[0]),
        diffuse=float(light.diffuse[0]),
    )
