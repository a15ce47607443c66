import type { Generator } from '../../tensor/generator.js';
import type { Shape, Tensor, Variable } from '../../tensor/index.js';
import { within } from '../../tensor/ops/checks.js';
import { anything, boolean, type Checks, optional } from '../../tensor/options.js';
import { type Activation, activationOf } from '../activations.js';
import { type InitializerLike, PARAMETER_CHECKS, parameter } from '../initializers.js';
import { Layer } from '../module.js';
import { REGULARIZER, type Regularizer } from '../regularizers.js';

/** Options of layers that compute y = activation(x ∘ W + b), where ∘ is a matrix product or a convolution. */
export interface AffineOptions {
  /** The activation that is applied to the result. Default 'linear', the identity. */
  readonly activation?: Activation;
  /** Whether the layer adds a bias b. Default true. */
  readonly useBias?: boolean;
  /** The initializer of the kernel W. Default 'glorotUniform'. */
  readonly kernelInitializer?: InitializerLike;
  /** The initializer of the bias b. Default 'zeros'. */
  readonly biasInitializer?: InitializerLike;
  /** The regularizer of the kernel; its penalty is part of `Module.penalty`. Default: none. */
  readonly kernelRegularizer?: Regularizer;
  /** The regularizer of the bias. Default: none. */
  readonly biasRegularizer?: Regularizer;
  /** The generator of the initial values. Default: a stream of its own; see `setSeed`. */
  readonly generator?: Generator;
}

/** Checks of `AffineOptions`. */
export const AFFINE_CHECKS: Checks<AffineOptions> = {
  activation: anything,
  useBias: optional(boolean),
  kernelInitializer: PARAMETER_CHECKS.initializer,
  biasInitializer: PARAMETER_CHECKS.initializer,
  kernelRegularizer: REGULARIZER,
  biasRegularizer: REGULARIZER,
  generator: PARAMETER_CHECKS.generator,
};

/** The base class of layers that compute y = activation(x ∘ W + b), where ∘ is a matrix product or a convolution. */
export abstract class AffineLayer extends Layer {
  /** The kernel W; its shape is given at the layer. */
  readonly kernel: Variable;
  /** The bias b (outputs); undefined with `useBias: false`. */
  readonly bias: Variable | undefined;
  readonly #activation: (x: Tensor) => Tensor;

  protected constructor(kernelShape: Shape, outputs: number, options: AffineOptions) {
    super();
    const { activation = 'linear', useBias = true, generator } = options;
    const { kernelInitializer = 'glorotUniform', biasInitializer = 'zeros' } = options;
    const { kernelRegularizer, biasRegularizer } = options;
    const where = new.target.name;
    this.kernel = within(where, () => parameter('kernel', kernelShape, kernelInitializer, generator));
    this.bias = useBias ? within(where, () => parameter('bias', [outputs], biasInitializer, generator)) : undefined;
    this.#activation = activationOf(where, activation);
    if (kernelRegularizer !== undefined) this.addPenalty(() => kernelRegularizer(this.kernel));
    const { bias } = this;
    if (biasRegularizer !== undefined && bias !== undefined) this.addPenalty(() => biasRegularizer(bias));
  }

  /** The operands of the product in the layer's precision. Convolutions with groups are always computed in f32. */
  protected operands(x: Tensor, groups = 1): [x: Tensor, kernel: Tensor] {
    return groups === 1 ? [this.operand(x), this.operand(this.kernel)] : [x, this.kernel];
  }

  /** Adds the bias to the product x ∘ W and applies the activation. */
  protected finish(product: Tensor): Tensor {
    return this.#activation(this.bias === undefined ? product : product.add(this.bias));
  }
}
