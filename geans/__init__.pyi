# For type checkers, which cannot see what `__init__.py` loads on first use.

from geans import augment as augment
from geans import callbacks as callbacks
from geans import comparison as comparison
from geans import data as data
from geans import experiment as experiment
from geans import export as export
from geans import losses as losses
from geans import metrics as metrics
from geans import models as models
from geans import networks as networks
from geans import optimizers as optimizers
from geans import pages as pages
from geans import penalties as penalties
from geans import plotting as plotting
from geans import presets as presets
from geans import pretrained as pretrained
from geans import report as report
from geans import rules as rules
from geans.experiment import from_preset as from_preset
from geans.experiment import from_pretrained as from_pretrained
from geans.experiment import recipe as recipe
from geans.models import ACGAN as ACGAN
from geans.models import GAN as GAN
from geans.models import GEAN as GEAN
from geans.models import SPADE as SPADE
from geans.models import SRGAN as SRGAN
from geans.models import AdversarialModel as AdversarialModel
from geans.models import ConditionalGAN as ConditionalGAN
from geans.models import CycleGAN as CycleGAN
from geans.models import InfoGAN as InfoGAN
from geans.models import Pix2Pix as Pix2Pix

__version__: str
