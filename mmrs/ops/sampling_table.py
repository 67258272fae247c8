"""Names of the sampling and loss operators in ``mmcv._ext`` and where they are written."""

_MODULES: dict[str, tuple[str, ...]] = {
    'border_align': ('border_align_forward', 'border_align_backward'),
    'carafe': ('carafe_forward', 'carafe_backward', 'carafe_naive_forward', 'carafe_naive_backward'),
    'curved_rois': (
        'bezier_align_forward',
        'bezier_align_backward',
        'deform_roi_pool_forward',
        'deform_roi_pool_backward',
    ),
    'deform_conv': (
        'deform_conv_forward',
        'deform_conv_backward_input',
        'deform_conv_backward_parameters',
        'modulated_deform_conv_forward',
        'modulated_deform_conv_backward',
    ),
    'focal_loss': (
        'sigmoid_focal_loss_forward',
        'sigmoid_focal_loss_backward',
        'softmax_focal_loss_forward',
        'softmax_focal_loss_backward',
    ),
    'ms_deform_attn': ('ms_deform_attn_forward', 'ms_deform_attn_backward'),
    'prroi_pool': ('prroi_pool_forward', 'prroi_pool_backward', 'prroi_pool_coor_backward'),
    'roi_align': ('roi_align_forward', 'roi_align_backward'),
    'roi_align_rotated': (
        'roi_align_rotated_forward',
        'roi_align_rotated_backward',
        'riroi_align_rotated_forward',
        'riroi_align_rotated_backward',
    ),
    'roi_pool': ('roi_pool_forward', 'roi_pool_backward'),
    'rotated_features': (
        'active_rotated_filter_forward',
        'active_rotated_filter_backward',
        'rotated_feature_align_forward',
        'rotated_feature_align_backward',
    ),
    'scatter_ops': (
        'chamfer_distance_forward',
        'chamfer_distance_backward',
        'masked_im2col_forward',
        'masked_col2im_forward',
        'psamask_forward',
        'psamask_backward',
    ),
    'sync_bn': (
        'sync_bn_forward_mean',
        'sync_bn_forward_var',
        'sync_bn_forward_output',
        'sync_bn_backward_param',
        'sync_bn_backward_data',
    ),
}

#: Name in the extension -> 'module:function', the functions being named as in the extension.
SAMPLING_OPERATORS: dict[str, str] = {
    name: f'mmrs.ops.{module}:{name}' for module, names in _MODULES.items() for name in names
}
