"""Pictures for people, by MuJoCo's own renderer; needs OpenGL."""

import os
import sys
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

MAX_GEOMS = 1000


class PictureError(RuntimeError):
    """There is no OpenGL to draw with."""


class PictureRenderer:
    """Draws a model through its camera 0, without shadows.

    Args:
        model: what to draw.
        size: height and width in pixels.

    Raises:
        PictureError: when OpenGL is missing.
    """

    def __init__(self, model: mujoco.MjModel, size: int) -> None:
        self._context = _context(size)
        self._context.make_current()
        self._model = model
        self._scene = mujoco.MjvScene(model, maxgeom=MAX_GEOMS)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False
        self._option, self._camera = mujoco.MjvOption(), mujoco.MjvCamera()
        self._camera.type, self._camera.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, 0
        self._renderer = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._renderer)
        self._frame = mujoco.MjrRect(0, 0, size, size)

    def draw(self, data: mujoco.MjData) -> NDArray[np.uint8]:
        """[H, W, 3] uint8 RGB."""
        self._context.make_current()
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        mujoco.mj_camlight(self._model, data)
        mujoco.mjv_updateScene(self._model, data, self._option, None, self._camera, everything, self._scene)
        mujoco.mjr_render(self._frame, self._scene, self._renderer)
        image = np.empty((self._frame.height, self._frame.width, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(image, None, self._frame, self._renderer)
        return image[::-1].copy()

    def close(self) -> None:
        """Free what the driver holds."""
        self._renderer.free()
        self._context.free()


def _context(size: int) -> Any:
    """An OpenGL context: the one `MUJOCO_GL` names, else EGL on a Linux without a display.

    Raises:
        PictureError: when there is none.
    """
    headless = sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    try:
        if headless and not os.environ.get("MUJOCO_GL"):
            from mujoco.egl import GLContext
        else:
            from mujoco.gl_context import GLContext
        return GLContext(size, size)
    except Exception as error:  # each platform's binding has errors of its own
        raise PictureError(
            f"render: no OpenGL ({type(error).__name__}: {error}); expected a display, or "
            "MUJOCO_GL=egl with a driver (libegl1 on Debian), or MUJOCO_GL=osmesa"
        ) from error
